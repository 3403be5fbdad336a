package main

import "fmt"

// quiet is the library's logger: it keeps silent, and panics where the library asks for that.
type quiet struct{}

func (quiet) Debug(...any)            {}
func (quiet) Debugf(string, ...any)   {}
func (quiet) Info(...any)             {}
func (quiet) Infof(string, ...any)    {}
func (quiet) Warning(...any)          {}
func (quiet) Warningf(string, ...any) {}
func (quiet) Error(...any)            {}
func (quiet) Errorf(string, ...any)   {}

func (quiet) Fatal(values ...any)                 { panic(fmt.Sprint(values...)) }
func (quiet) Fatalf(format string, values ...any) { panic(fmt.Sprintf(format, values...)) }
func (quiet) Panic(values ...any)                 { panic(fmt.Sprint(values...)) }
func (quiet) Panicf(format string, values ...any) { panic(fmt.Sprintf(format, values...)) }
