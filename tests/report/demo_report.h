// A report of every kind of table and figure from invented numbers, for tests and for looking at.
#pragma once

#include "reference_trainer/report/report_data.h"

namespace trainer {

// Three seeds of nine methods at two settings, of a model of three layers. Nothing of it was
// measured; the same bytes every time.
Report demo_report();

}  // namespace trainer
