// Nothing here is refused: the check has to say so.
// Refused with: a sentence that no compiler prints
int answer() { return 1; }
