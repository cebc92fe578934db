// setjmp and longjmp as LLVM lowers them to exceptions (-wasm-enable-sjlj): its names, our bodies in setjmp.c.
#pragma once
typedef struct { void *frame; unsigned label; struct { void *env; int value; } thrown; } jmp_buf[1];
int setjmp(jmp_buf env) __attribute__((returns_twice));
void longjmp(jmp_buf env, int value) __attribute__((noreturn));
#define _setjmp setjmp
#define _longjmp longjmp
