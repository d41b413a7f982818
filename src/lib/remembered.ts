/**
 * The same function, that makes each answer once: what depends on nothing but what is given, and takes long to make. It remembers so many
 * answers; then it forgets them all, since whoever gives ever new things is not to fill the memory. What throws is not remembered.
 */
export function remembered<Given extends readonly (string | number)[], Answer extends object>(
  most: number,
  make: (...given: Given) => Answer,
): (...given: Given) => Answer {
  const answers = new Map<string, Answer>()
  return (...given) => {
    const name = given.join('\n')
    const known = answers.get(name)
    if (known) return known
    const answer = make(...given)
    if (answers.size >= most) answers.clear()
    answers.set(name, answer)
    return answer
  }
}
