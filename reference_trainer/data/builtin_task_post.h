// One post or one pre-training document of the built-in task, from the draws of its own stream.
#pragma once

#include <string>

#include "reference_trainer/data/builtin_task.h"
#include "reference_trainer/data/builtin_task_random.h"

namespace trainer::builtin {

// A post for fine-tuning: every fact is told once, in one order, and the summary has one form.
Post draw_post(Draws& draws);

// A post for pre-training: facts in any order, some left out or told again, and one of six kinds of
// summary; an empty completion is the kind without any.
Post draw_pretraining_post(Draws& draws);

// The document of a pre-training post: prompt and completion, or the prompt without its "TL;DR:" if
// the completion is empty.
std::string document_of(const Post& post);

}  // namespace trainer::builtin
