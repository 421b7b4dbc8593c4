package main

import (
	"net/netip"
	"syscall"
)

// Dial connects to an echo server on a blocking socket and has it answer. Without the package net, all of
// which would be compiled once more for a plugin.
func Dial(host string, port int) string {
	address, err := netip.ParseAddr(host)
	if err != nil {
		return err.Error()
	}
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err == nil {
		err = syscall.Connect(fd, &syscall.SockaddrInet4{Port: port, Addr: address.As4()})
	}
	answer := make([]byte, 5)
	if err == nil {
		_, err = syscall.Write(fd, []byte("ping\n"))
	}
	if err == nil {
		_, err = syscall.Read(fd, answer)
	}
	if err != nil {
		return err.Error()
	}
	if string(answer) != "ping\n" {
		return "echo: " + string(answer)
	}
	return "ok"
}
