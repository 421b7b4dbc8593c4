// Has the plugin beside it dial: Go's runtime is in both.
package main

import (
	"os"
	"plugin"
	"strconv"
)

func main() {
	opened, err := plugin.Open(os.Args[0] + ".so")
	if err != nil {
		panic(err)
	}
	dial, err := opened.Lookup("Dial")
	if err != nil {
		panic(err)
	}
	port, _ := strconv.Atoi(os.Args[2])
	os.Stdout.WriteString(dial.(func(string, int) string)(os.Args[1], port) + "\n")
}
