import { stripTypeScriptTypes } from 'node:module'

/** Jest's transform does what Node itself does with a .ts file: take the types out, leave the rest in place. */
export default { process: (source) => ({ code: stripTypeScriptTypes(source) }) }
