/** What is to be done about changed files. */
export interface Plan {
  /** Generated code is out of date. */
  readonly generate: boolean
  /** The processes that read what has changed. */
  readonly restart: ReadonlySet<string>
}

/** The folders, relative to the workspace, in which a change concerns a running suite. */
export const watchedFolders = ['proto', 'libs', 'services', 'envoy', 'tools/envoy']

/** Says what to do about files, given as paths relative to the workspace, for a suite of these services. */
export const planFor = (files: readonly string[], services: readonly string[]): Plan => ({
  generate: files.some((file) => /\.(proto|prisma)$/.test(file)),
  restart: new Set(files.flatMap((file) => readersOf(file, services))),
})

const readersOf = (file: string, services: readonly string[]): readonly string[] => {
  const [top, name = ''] = file.split('/')
  switch (top) {
    case 'proto':
      return [...services, 'envoy']
    case 'libs':
      return name === 'testing' ? [] : services
    case 'services':
      return services.filter((service) => service === name)
    default:
      return ['envoy']
  }
}
