import type { Method } from '@quartet/proto/contract'
import { resourceExhausted, type Interceptor } from '@quartet/rpc'

/**
 * Takes calls of `methods` one each turn of the event loop, in the order in which they came: hundreds that arrive in one
 * packet would be read, checked and refused in one go else, and whoever calls anything had to wait for all of them.
 *
 * @param options.most so many may be under way; the next is refused with RESOURCE_EXHAUSTED before its request is read.
 */
export const oneEachTurn = (methods: readonly Method[], { most }: { readonly most: number }): Interceptor => {
  const paths = new Set(methods.map(({ path }) => path))
  const waiting: (() => void)[] = []
  const underWay = new WeakSet<object>()
  let count = 0

  const next = () => {
    waiting.shift()?.()
    if (waiting.length) setImmediate(next)
  }
  const turn = () =>
    new Promise<void>((resolve) => {
      if (waiting.push(resolve) === 1) setImmediate(next)
    })

  return {
    onCall(call) {
      if (!paths.has(call.method.path)) return
      return turn().then(() => {
        if (count >= most) throw resourceExhausted('BUSY', 1_000)
        count++
        underWay.add(call)
      })
    },
    onEnd(call) {
      if (underWay.delete(call)) count--
    },
  }
}
