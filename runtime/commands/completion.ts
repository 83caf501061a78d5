import type { Command, Option } from 'commander'

/** A command as a shell completes it. */
export interface CompletedCommand {
  /** Names from below the program: `dead-letters list`; empty for the program itself. */
  readonly path: string
  readonly subcommands: readonly Described[]
  readonly options: readonly CompletedOption[]
  /** Whether it takes a file. */
  readonly takesFile: boolean
}

export interface Described {
  readonly name: string
  readonly description: string
}

export interface CompletedOption extends Described {
  /** Whether a value follows. */
  readonly takesValue: boolean
}

/** Every command with what may follow it, from the same declarations as the help. */
export function completedCommands(program: Command, path: readonly string[] = []): readonly CompletedCommand[] {
  const own: CompletedCommand = {
    path: path.join(' '),
    subcommands: program.commands.map((one) => ({ name: one.name(), description: firstSentence(one.description()) })),
    options: [...program.options.map(optionOf), HELP],
    takesFile: program.registeredArguments.some((argument) => argument.name() === 'file'),
  }
  return [own, ...program.commands.flatMap((one) => completedCommands(one, [...path, one.name()]))]
}

const HELP: CompletedOption = { name: '--help', description: 'display help for command', takesValue: false }

function optionOf({ long, short, description, required, optional }: Option): CompletedOption {
  return { name: long ?? short ?? '', description: firstSentence(description), takesValue: required || optional }
}

function firstSentence(text: string): string {
  return (text.split(/[.:;] /)[0] ?? '').replace(/\.$/, '')
}

const SHELLS = { bash, zsh, fish } as const
type Shell = keyof typeof SHELLS
export const SHELL_NAMES = Object.keys(SHELLS) as readonly Shell[]

/**
 * A script that completes `tracardi` in a shell. Where there is no such program, it defines it as the command line of this folder.
 *
 * @param entry the file of the command line.
 */
export function completionScript(shell: Shell, program: Command, entry: string): string {
  return SHELLS[shell](completedCommands(program), quoted(entry))
}

/** As one word of all three shells. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function bash(commands: readonly CompletedCommand[], entry: string): string {
  return `# Load it with: source <(npm run cli --silent -- completion bash)
${shellFunction(entry)}
_tracardi() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
${nextPaths(commands, '      ')}
    esac
  done
  local words='' file='' values=''
  case "$path" in
${commands
  .map(
    (one) =>
      `    ${quoted(one.path)}) words=${quoted(wordsOf(one))}; values=${quoted(valuesOf(one))}; file=${one.takesFile ? 'yes' : "''"} ;;`,
  )
  .join('\n')}
  esac
  COMPREPLY=()
  if [[ " $values " == *" $previous "* ]]; then
    COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
    if [[ -n $file && $current != -* ]]; then COMPREPLY+=($(compgen -f -- "$current")); fi
  fi
}
complete -o filenames -F _tracardi tracardi`
}

function zsh(commands: readonly CompletedCommand[], entry: string): string {
  const described = ({ name, description }: Described) => quoted(`${name.replaceAll(':', '\\:')}:${description}`)
  return `#compdef tracardi
# Load it, after compinit, with: source <(npm run cli --silent -- completion zsh)
${shellFunction(entry)}
_tracardi() {
  local current="\${words[CURRENT]}" previous="\${words[CURRENT-1]}" path_='' word file='' values=''
  local -a offered
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$path_ $word" in
${nextPaths(commands, '      ').replaceAll('path=', 'path_=')}
    esac
  done
  case "$path_" in
${commands
  .map(
    (one) =>
      `    ${quoted(one.path)}) offered=(${[...one.subcommands, ...one.options].map(described).join(' ')}); values=${quoted(valuesOf(one))}; file=${one.takesFile ? 'yes' : "''"} ;;`,
  )
  .join('\n')}
  esac
  if [[ " $values " == *" $previous "* ]]; then
    _files
  else
    _describe 'tracardi' offered
    if [[ -n $file && $current != -* ]]; then _files; fi
  fi
}
compdef _tracardi tracardi`
}

function fish(commands: readonly CompletedCommand[], entry: string): string {
  const lines = commands.flatMap((one) => {
    const at = one.path === '' ? '__fish_use_subcommand' : `__tracardi_at ${one.path}`
    return [
      ...one.subcommands.map(
        ({ name, description }) => `complete -c tracardi -f -n ${quoted(at)} -a ${name} -d ${fishText(description)}`,
      ),
      ...one.options.map(
        ({ name, description, takesValue }) =>
          `complete -c tracardi ${takesValue ? '-r' : '-f'} -n ${quoted(at)} -l ${name.slice(2)} -d ${fishText(description)}`,
      ),
      ...(one.takesFile ? [`complete -c tracardi -F -n ${quoted(at)}`] : []),
    ]
  })
  return `# Load it with: npm run cli --silent -- completion fish | source
if not type -q tracardi
  function tracardi; node ${entry} $argv; end
end
function __tracardi_at
  set -l words (string match -v -- '-*' (commandline -opc)[2..])
  test "$words[1..(count $argv)]" = "$argv"
end
${lines.join('\n')}`
}

function fishText(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`
}

/** For bash and zsh. */
function shellFunction(entry: string): string {
  return `command -v tracardi > /dev/null || tracardi() { node ${entry} "$@"; }`
}

/** Which command a word leads to, from the command before it. */
function nextPaths(commands: readonly CompletedCommand[], indent: string): string {
  return commands
    .filter(({ path }) => path !== '')
    .map(({ path }) => {
      const words = path.split(' ')
      return `${indent}${quoted(`${words.slice(0, -1).join(' ')} ${words.at(-1)}`)}) path=${quoted(path)} ;;`
    })
    .join('\n')
}

function wordsOf({ subcommands, options }: CompletedCommand): string {
  return [...subcommands, ...options].map(({ name }) => name).join(' ')
}

function valuesOf({ options }: CompletedCommand): string {
  return options
    .filter(({ takesValue }) => takesValue)
    .map(({ name }) => name)
    .join(' ')
}
