// Refused with and without the mistake, so the refusal proves nothing.
// Refused with: an unrelated sentence
static_assert(sizeof(char) == 2, "an unrelated sentence");
