import { describeWith } from '@quartet/testing'
import { tour } from '@quartet/tools/tour'
import { wire } from '@quartet/tools/wire'
import { hasEnvoy, start } from './suite.ts'

describeWith('Envoy', hasEnvoy, () => {
  let suite: Awaited<ReturnType<typeof start>>
  beforeAll(async () => (suite = await start({ demoData: true })))
  afterAll(() => suite?.stop())

  test('npm run try makes a call of each kind through the edge, in a suite that has something to show', async () => {
    const lines: string[] = []
    const output = {
      line: (text = '') => lines.push(text),
      progress: () => {},
      paint: (_: unknown, text: string) => text,
    }
    await tour(wire(output, suite.edge, 10_000), { edge: suite.edge, admin: suite.account('ADMIN') })

    const titles = lines.filter((line) => /^\d+  /.test(line))
    expect(titles).toEqual([
      expect.stringContaining('AuthService.SignIn  one request, one answer'),
      expect.stringContaining('UserService.StreamUsers  one request, a stream of answers'),
      expect.stringContaining('UploadService.UploadChunks  a stream of requests, one answer'),
      expect.stringContaining('OrderService.CreateOrder'),
      expect.stringContaining('ChatService.CreateRoom'),
      expect.stringContaining('ChatService.Chat  streams both ways'),
      expect.stringContaining('The same by JSON'),
    ])
    expect(lines.filter((line) => /^ {3}OK after/.test(line))).toHaveLength(titles.length - 1)
    // The demo's people are among the users that were streamed, and nothing secret was shown.
    expect(lines.join('\n')).toContain('Ada Lovelace')
    expect(lines.join('\n')).not.toContain(suite.account('ADMIN').password)
  })
})
