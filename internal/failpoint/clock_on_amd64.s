//go:build failpoints && linux

#include "textflag.h"

// shifted(clock DI, *timespec SI) is clock_gettime(2) as the vDSO has it, with
// the offset on CLOCK_REALTIME (0).
TEXT ·shifted(SB), NOSPLIT|NOFRAME, $0-0
	MOVL	$228, AX
	SYSCALL
	TESTL	DI, DI
	JNE	done
	MOVQ	·clockOffset(SB), CX
	ADDQ	CX, 0(SI)
done:
	RET

// func shiftRuntimeClock()
TEXT ·shiftRuntimeClock(SB), NOSPLIT, $0-0
	LEAQ	·shifted(SB), AX
	MOVQ	AX, runtime·vdsoClockgettimeSym(SB)
	RET
