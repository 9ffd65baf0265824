// What every reader of foreign bytes promises, as code: an input is accepted, or refused with one
// error line that people and programs can rely on. A fuzz target that sees anything else aborts.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>

#include "reference_trainer/base/error.h"

namespace trainer::fuzz {

// Aborts with `what` on stderr unless `holds`.
void require(bool holds, std::string_view what);

// Aborts unless `line` is one line of valid UTF-8 without control characters, and short enough to
// be read.
void require_one_line(std::string_view line);

// Aborts unless `error` is the refusal of an input: exit code 3, "error: <code> <where>: got ...,
// expected ...", and a code of one of `groups` ("ST CF") that docs/errors.md lists.
void require_refusal(const Error& error, std::string_view groups);

// The same for the library, which knows no codes: "roste: ..." in one line.
void require_library_refusal(const std::invalid_argument& error);

// Whether `read` came to its end; what it throws besides a refusal leaves the target and ends the
// run as a finding.
template <class Read>
bool accepts(std::string_view groups, Read&& read) {
  try {
    read();
    return true;
  } catch (const Error& error) {
    require_refusal(error, groups);
    return false;
  }
}

template <class Read>
bool library_accepts(Read&& read) {
  try {
    read();
    return true;
  } catch (const std::invalid_argument& error) {
    require_library_refusal(error);
    return false;
  }
}

}  // namespace trainer::fuzz
