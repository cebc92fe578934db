// What LLVM calls where it lowers setjmp and longjmp: which frame and label a buffer is of, and the throw.
#include "setjmp.h"

// The tag that LLVM throws with.
__asm__(".globl __c_longjmp\n.tagtype __c_longjmp i32\n__c_longjmp:\n");

void __wasm_setjmp(jmp_buf env, unsigned label, void *frame) {
  env->frame = frame;
  env->label = label;
}

unsigned __wasm_setjmp_test(jmp_buf env, void *frame) { return env->frame == frame ? env->label : 0; }

void __wasm_longjmp(jmp_buf env, int value) {
  env->thrown.env = env;
  env->thrown.value = value ? value : 1;
  __builtin_wasm_throw(1, &env->thrown);
}
