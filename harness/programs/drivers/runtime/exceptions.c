// The tag of C++'s exceptions.
__asm__(".globl __cpp_exception\n.tagtype __cpp_exception i32\n__cpp_exception:\n");

// Where libc++abi gives up, in a module that cannot print.
_Noreturn void __abort_message(const char *format, ...) { __builtin_trap(); }
