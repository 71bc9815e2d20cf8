/**
 * Says whether something is overloaded from measurements of how late it is. Two in a row past the limit make it so;
 * five in a row below half of it end it: quick to say no and slow to say yes again, or it would flap.
 */
export const hysteresis = (limit: number): ((measured: number) => boolean) => {
  let overloaded = false
  let contradictions = 0
  return (measured) => {
    const contradicts = overloaded ? measured < limit / 2 : measured > limit
    contradictions = contradicts ? contradictions + 1 : 0
    if (contradictions === (overloaded ? 5 : 2)) {
      overloaded = !overloaded
      contradictions = 0
    }
    return overloaded
  }
}
