import assert from 'node:assert/strict'
import { chooseJava, type Java, javaCandidates, parseJava } from '../../../runtime/local/java.ts'

const java = (major: number, version = `${major}.0.1`): Java => ({ home: `/jdk-${major}`, version, major })

describe('parseJava', () => {
  const text = (version: string): string =>
    `Property settings:\n    java.home = /usr/lib/jvm/some jdk\n    java.vm.name = VM\n\nopenjdk version "${version}" 2026-01-20\n`

  for (const [version, major] of [
    ['25.0.3', 25],
    ['21-ea', 21],
    ['17.0.15', 17],
    ['1.8.0_402', 8],
  ] as const) {
    it(`reads ${version} as ${major}`, () => {
      assert.deepEqual(parseJava(text(version)), { home: '/usr/lib/jvm/some jdk', version, major })
    })
  }

  it('is nothing for what is no Java', () => {
    assert.equal(parseJava('command not found'), undefined)
  })
})

describe('javaCandidates', () => {
  const folders: Record<string, string[]> = {
    '/usr/lib/jvm': ['java-17', 'temurin-25'],
    '/home/me/.sdkman/candidates/java': ['21.0.2-tem'],
    '/Library/Java/JavaVirtualMachines': ['zulu.jdk'],
  }
  const list = (folder: string): string[] => folders[folder] ?? []

  it('begins with JAVA_HOME and ends with the one on the PATH', () => {
    assert.deepEqual(javaCandidates({ JAVA_HOME: '/my/jdk', HOME: '/home/me' }, list), [
      '/my/jdk/bin/java',
      '/usr/lib/jvm/java-17/bin/java',
      '/usr/lib/jvm/temurin-25/bin/java',
      '/home/me/.sdkman/candidates/java/21.0.2-tem/bin/java',
      '/Library/Java/JavaVirtualMachines/zulu.jdk/Contents/Home/bin/java',
      'java',
    ])
  })

  it('does not need JAVA_HOME', () => {
    assert.deepEqual(
      javaCandidates({ HOME: '/nowhere' }, () => []),
      ['java'],
    )
  })
})

describe('chooseJava', () => {
  it('takes the first that is new enough', () => {
    const tried = [17, 25, 21].map((major) => ({ program: `/jdk-${major}/bin/java`, java: java(major) }))
    assert.equal(chooseJava(tried).major, 25)
  })

  it('takes 21', () => {
    assert.equal(chooseJava([{ program: 'java', java: java(21) }]).major, 21)
  })

  it('lists what was found, once each, and what to do', () => {
    const tried = [
      { program: '/jdk-17/bin/java', java: java(17) },
      { program: 'java', java: java(17) },
      { program: '/root/jdk/bin/java', fault: 'closed to user 65534, who runs the servers' },
    ]
    assert.throws(() => chooseJava(tried), {
      code: 'local_run',
      message: [
        'The servers need a JDK of 21 or later. Found only:',
        '  17.0.1  /jdk-17',
        '  closed to user 65534, who runs the servers  /root/jdk/bin/java',
        'Install a JDK of 21 or later, or set JAVA_HOME to one.',
      ].join('\n'),
    })
  })

  it('says that there is none', () => {
    assert.throws(() => chooseJava([]), /None was found\.\nInstall a JDK/)
  })
})
