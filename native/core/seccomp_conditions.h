// SPDX-License-Identifier: Apache-2.0
// Conditions on arguments, as instructions.
#pragma once

#include <span>

#include "seccomp_assembler.h"
#include "seccomp_rules.h"
#include "syscalls.h"

namespace secure::seccomp {

// Rules of one syscall, strictest first: the action of the first whose conditions all hold, else
// `otherwise`. `widths`: of that syscall (syscalls::Call).
Assembler::Target emit_clauses(Assembler& out, std::span<const Rule* const> rules, syscalls::Call call,
                               Assembler::Target otherwise);

}  // namespace secure::seccomp
