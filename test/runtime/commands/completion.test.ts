import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { Argument, Command } from 'commander'
import { completedCommands, completionScript, SHELL_NAMES } from '../../../runtime/commands/completion.ts'

const program = new Command('tracardi').version('1')
program
  .command('send')
  .description("post events: it's quick")
  .addArgument(new Argument('[file]'))
  .option('--url <url>', 'public listener. Default: the run')
  .option('--json', 'as JSON')
program.command('dead-letters').command('list').option('--limit <n>', 'maximum number')

const [root, send, letters, list] = completedCommands(program)

describe('completion', () => {
  it('knows every command, option and value from the declarations of the help', () => {
    assert.deepEqual(
      [root, send, letters, list].map((one) => [one?.path, one?.takesFile]),
      [
        ['', false],
        ['send', true],
        ['dead-letters', false],
        ['dead-letters list', false],
      ],
    )
    assert.deepEqual(root?.subcommands, [
      { name: 'send', description: 'post events' },
      { name: 'dead-letters', description: '' },
    ])
    assert.deepEqual(send?.options, [
      { name: '--url', description: 'public listener', takesValue: true },
      { name: '--json', description: 'as JSON', takesValue: false },
      { name: '--help', description: 'display help for command', takesValue: false },
    ])
  })

  /** What bash offers for a line. */
  const offered = (...words: string[]): readonly string[] => {
    const script = [
      completionScript('bash', program, '/cli.ts'),
      `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}`,
      `_tracardi; printf "%s\\n" "\${COMPREPLY[@]}"`,
    ].join('\n')
    return execFileSync('bash', ['-c', script], { encoding: 'utf8', cwd: '/' }).split('\n').filter(Boolean)
  }

  for (const [line, words] of [
    [
      ['tracardi', ''],
      ['send', 'dead-letters', '--version', '--help'],
    ],
    [['tracardi', 'se'], ['send']],
    [
      ['tracardi', 'dead-letters', ''],
      ['list', '--help'],
    ],
    [['tracardi', 'dead-letters', 'list', '--l'], ['--limit']],
    [['tracardi', 'send', '--url', 'http://host', '--j'], ['--json']],
    [['tracardi', 'send', '--url', 'et'], ['etc']],
    [['tracardi', 'send', 'et'], ['etc']],
    [['tracardi', 'dead-letters', 'et'], []],
  ] as const) {
    it(`of "${line.join(' ')}" in bash is ${words.join(', ') || 'nothing'}`, () => {
      assert.deepEqual(offered(...line), words)
    })
  }

  it('defines the program in bash where there is none', () => {
    const script = `${completionScript('bash', program, '/the cli.ts')}\nnode() { echo "$@"; }; tracardi send --json`
    assert.equal(execFileSync('bash', ['-c', script], { encoding: 'utf8' }), '/the cli.ts send --json\n')
  })

  it('has a script for each shell, with every command', () => {
    assert.deepEqual(SHELL_NAMES, ['bash', 'zsh', 'fish'])
    const zsh = completionScript('zsh', program, '/cli.ts')
    assert.match(zsh, /^#compdef tracardi\n/)
    assert.ok(
      zsh.includes(`'send') offered=('--url:public listener' '--json:as JSON' '--help:display help for command')`),
    )
    const fish = completionScript('fish', program, '/cli.ts')
    assert.ok(fish.includes(`complete -c tracardi -f -n '__tracardi_at dead-letters' -a list -d ''`))
    assert.ok(
      fish.includes(`complete -c tracardi -r -n '__tracardi_at dead-letters list' -l limit -d 'maximum number'`),
    )
    assert.ok(fish.includes(`complete -c tracardi -F -n '__tracardi_at send'`))
  })
})
