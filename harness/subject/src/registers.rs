//! The machine's registers at an event: code that breakpoints interrupt keeps values in all of them.
//!
//! The call that a breakpoint patches in must preserve every register: the compiler that made the code around
//! it counts on that. Whether one is lost shows only where something between the call and its return uses it,
//! so the handler uses all.

/// Leaves other values in the registers that a call may change than were there.
#[cfg(target_arch = "x86_64")]
#[inline]
#[allow(unsafe_code)]
pub(super) fn overwrite() {
    // SAFETY: every register that is written is named as an output, and nothing else is touched.
    unsafe {
        std::arch::asm!(
            "mov eax, -1",
            "mov ecx, -1",
            "mov edx, -1",
            "mov esi, -1",
            "mov edi, -1",
            "mov r8d, -1",
            "mov r9d, -1",
            "mov r10d, -1",
            "mov r11d, -1",
            "pcmpeqd xmm0, xmm0",
            "pcmpeqd xmm1, xmm1",
            "pcmpeqd xmm2, xmm2",
            "pcmpeqd xmm3, xmm3",
            "pcmpeqd xmm4, xmm4",
            "pcmpeqd xmm5, xmm5",
            "pcmpeqd xmm6, xmm6",
            "pcmpeqd xmm7, xmm7",
            "pcmpeqd xmm8, xmm8",
            "pcmpeqd xmm9, xmm9",
            "pcmpeqd xmm10, xmm10",
            "pcmpeqd xmm11, xmm11",
            "pcmpeqd xmm12, xmm12",
            "pcmpeqd xmm13, xmm13",
            "pcmpeqd xmm14, xmm14",
            "pcmpeqd xmm15, xmm15",
            out("rax") _, out("rcx") _, out("rdx") _, out("rsi") _, out("rdi") _,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
            out("xmm0") _, out("xmm1") _, out("xmm2") _, out("xmm3") _,
            out("xmm4") _, out("xmm5") _, out("xmm6") _, out("xmm7") _,
            out("xmm8") _, out("xmm9") _, out("xmm10") _, out("xmm11") _,
            out("xmm12") _, out("xmm13") _, out("xmm14") _, out("xmm15") _,
            options(nomem, nostack),
        );
    }
}

/// On other machines what the handler uses is what the compiler of this program chose.
#[cfg(not(target_arch = "x86_64"))]
#[inline]
pub(super) fn overwrite() {}
