// Refused, but not for the reason that is claimed.
// Refused with: one bit is too few
#ifdef ROSTE_MUST_NOT_COMPILE
static_assert(sizeof(char) == 2, "an unrelated sentence");
#endif
