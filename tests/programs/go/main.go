package main

import "os"

func main() {
	Dial(os.Args[1], os.Args[2])
}
