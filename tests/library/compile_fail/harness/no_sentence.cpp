// A case that does not say why it is refused.
#ifdef ROSTE_MUST_NOT_COMPILE
static_assert(sizeof(char) == 2, "an unrelated sentence");
#endif
