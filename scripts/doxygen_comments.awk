# Doxygen's input filter: the house's "//" comments of declarations become documentation comments.
# A comment at the head of a file describes the file; comments inside of functions stay as they are.

# Words that Doxygen would take for commands, links or markup.
function quoted(text) {
  gsub(/[\\@<>&#%]/, "\\\\&", text)
  gsub(/::/, "\\::", text)
  gsub(/\. \(/, ".\\ (", text)  # "eq. (1)" does not end the first sentence
  return text
}

# Follows the braces of a line of code: stack[depth] is 1 inside of a namespace, class or enum.
function follow(code,    i, c, shows) {
  gsub(/"([^"\\]|\\.)*"|'([^'\\]|\\.)*'/, "", code)
  for (i = 1; i <= length(code); ++i) {
    c = substr(code, i, 1)
    if (c == "{") {
      shows = stack[depth] && statement ~ /(^|[> ])(namespace|struct|class|enum|union)( |$)/ &&
              statement !~ /\)[^<>]*$/
      stack[++depth] = shows
      statement = ""
    } else if (c == "}") {
      if (depth > 0) --depth
      statement = ""
    } else if (c == ";") {
      statement = ""
    } else {
      statement = statement c
    }
  }
  statement = statement " "
}

BEGIN { depth = 0; stack[0] = 1; head = 1 }

/^#/ { print; head = 0; next }  # also lines of macros, which have no comments worth showing

/^ *\/\// {
  match($0, /^ *\/\//)
  text = quoted(substr($0, RLENGTH + 1))
  if (!stack[depth]) print
  else if (head == 1) { print "/// \\file"; print "///" text; head = 2 }
  else print substr($0, 1, RLENGTH) "/" text
  next
}

{
  code = $0
  comment = ""
  if (match(code, / +\/\/ /)) {
    comment = substr(code, RSTART + RLENGTH)
    code = substr(code, 1, RSTART - 1)
  }
  shown = stack[depth]
  follow(code)
  if (comment != "" && shown && stack[depth] && code ~ /[;,]$/) print code "  ///< " quoted(comment)
  else print
  if ($0 !~ /^ *$/) head = 0
}
