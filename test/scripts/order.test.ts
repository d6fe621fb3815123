// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from 'vitest';
import { inputSections, linkerScript } from '../../scripts/order/sections.ts';

// Shapes that GNU ld 2.40 writes: a section that was left out, a name on a line of its own, a member of a library.
const MAP = `
Discarded input sections

 .text._Zunused 0x0000000000000000       0x10 libcore.a(a.cc.o)

Linker script and memory map

.text           0x0000000000012000     0x1000
 .text          0x0000000000012000       0x26 /usr/lib/x86_64-linux-gnu/rcrt1.o
 .text._Zsecond
                0x0000000000012040       0x40 libruntime.a(b.cc.o)
 .text._Zempty  0x0000000000012080        0x0 libcore.a(a.cc.o)
 .text._Zfirst  0x0000000000012080       0x20 libcore.a(a.cc.o)
 .text          0x00000000000120a0       0x50 /usr/lib/x86_64-linux-gnu/libm-2.36.a(e_log2.o)
 .text._Znwm    0x0000000000012100       0x10 /usr/lib/gcc/x86_64-linux-gnu/12/libstdc++.a(new_op.o)
 .rodata.x      0x0000000000013000       0x10 libcore.a(a.cc.o)
`;

describe('the order of functions in the executable', () => {
  it('is that of their first calls, each once', () => {
    const script = linkerScript(inputSections(MAP), [0x12080, 0x12045, 0x1209f, 0x120a8, 0x12100]);
    expect(script.split('\n').filter((line) => line.startsWith('    '))).toEqual([
      '    *(.text._Zfirst)',
      '    *(.text._Zsecond)',
      '    *libm-*.a:e_log2.o(.text)',
      '    *libstdc++.a:new_op.o(.text._Znwm)',
    ]);
  });

  it('leaves alone what starts the program, and what is between sections', () => {
    const script = linkerScript(inputSections(MAP), [0x12000, 0x12030, 0x12090 + 0x10, 0x120f8, 0x1, 0x99999]);
    expect(script).not.toContain('rcrt1');
    expect(script.match(/^ {4}/gm)).toHaveLength(1);
  });
});
