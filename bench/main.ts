/** `npm run bench -- <name>`: one question each, answered by the file of that name. */
const questions: Record<string, string> = {
  unary: 'a small unary call beside bare grpc-js, NestJS and nice-grpc',
  stream: 'a streamed message; rows in pages against rows one by one',
  'fan-out': 'one message to 50 readers, encoded once or for each',
  chat: 'one message to 1,000 readers of a room of the chat service',
  upload: 'an upload: CPU per GB, and MB/s when the other end is far away',
  'get-user': 'GetUser from PostgreSQL beside the same answer from memory',
  'stream-users': '100,000 users through StreamUsers, and through a cursor of pg',
  watch: 'from the commit of a change to those who watch, a thousand of them',
  access: 'the check of a token seen before, beside the same call without it (three minutes)',
  'sign-ins': 'other calls while 200 people sign in at once',
  'first-answer': 'from the start of a process to its first answer',
  image: 'from `docker run` to the first answered probe (three minutes, needs Docker)',
  start: '`npm start` until the edge answers, and what it holds in memory (three minutes)',
}

const [, , name] = process.argv
if (name !== undefined && Object.hasOwn(questions, name)) await import(`./${name}.ts`)
else {
  if (name !== undefined) console.error(`There is no bench "${name}".`)
  console.log('npm run bench -- <name>, where <name> is one of')
  for (const [question, about] of Object.entries(questions)) console.log(`  ${question.padEnd(14)} ${about}`)
  process.exitCode = name === undefined ? 0 : 1
}
