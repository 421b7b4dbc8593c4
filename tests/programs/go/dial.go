package main

import (
	"fmt"
	"io"
	"net"
)

// Dial connects to an echo server and has it answer; what it prints is what the C programs print.
func Dial(host, port string) {
	conn, err := net.Dial("tcp", net.JoinHostPort(host, port))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	answer := make([]byte, 5)
	if _, err = conn.Write([]byte("ping\n")); err == nil {
		_, err = io.ReadFull(conn, answer)
	}
	if err != nil || string(answer) != "ping\n" {
		fmt.Println("echo:", err)
		return
	}
	fmt.Println("ok")
}
