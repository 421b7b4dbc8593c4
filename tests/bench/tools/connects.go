// connects-go COUNT HOLD_MS HOST:PORT: so many connections one after another, each held for so long
// and closed; prints the median of the seconds that a connect took. The name is looked up once.
package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"time"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	count, err := strconv.Atoi(os.Args[1])
	fail(err)
	hold, err := strconv.Atoi(os.Args[2])
	fail(err)
	target, err := net.ResolveTCPAddr("tcp4", os.Args[3])
	fail(err)
	took := make([]time.Duration, count)
	for i := range took {
		start := time.Now()
		connection, err := net.DialTCP("tcp4", nil, target)
		fail(err)
		took[i] = time.Since(start)
		time.Sleep(time.Duration(hold) * time.Millisecond)
		fail(connection.Close())
	}
	slices.Sort(took)
	fmt.Printf("%.6f\n", took[count/2].Seconds())
}
