// A library without a host has nowhere to print to: included before each source of one that would.
#pragma once
#include <stdio.h>
#undef stderr
#define stderr ((FILE *)0)
#define printf(...) 0
#define fprintf(...) 0
#define putchar(character) 0
#define puts(text) 0
#define snprintf(...) 0
#define sprintf(...) 0
#define vsnprintf(...) 0
