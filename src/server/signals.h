// Signals taken by waiting for them, so that no handler ever interrupts another thread. The mask is
// inherited: block before the first thread is made.
#pragma once

#include <signal.h>

#include <chrono>
#include <initializer_list>

namespace seine::server {

// Blocks them for this thread and those it makes; a broken pipe is an error of the write from now
// on.
sigset_t block_signals(std::initializer_list<int> signals);

// The signal that came; 0 when the time passed without one.
int wait_for_signal(const sigset_t& set, std::chrono::nanoseconds within);

}  // namespace seine::server
