// Makes forks of a large process cheap, and what is forked quick.
//
// A fork copies the page tables: 21 ms for 1 GiB in pages of 4 KiB, 0.4 ms in pages of 2 MiB. The
// end of a forked process costs about as much again. Few systems give a program huge pages unasked,
// so a template asks for them, once, when its memory is filled.
//
// A fork does not copy the page tables of mapped files. A forked process meets some hundred page
// faults in code that its maker has run many times; a spare meets them while it has nothing to do.
#pragma once

namespace phial::inline v1::detail {

/// Moves this process's private memory into huge pages, where at least seven eighths of a mapping
/// are in use. Best effort: needs Linux 6.1, /proc and free huge pages. Copies the memory once.
void useHugePages();

/// Maps what is in memory of the program's and its libraries' files into this process. Best effort:
/// needs Linux 5.14 and /proc.
void mapProgram();

}  // namespace phial::inline v1::detail
