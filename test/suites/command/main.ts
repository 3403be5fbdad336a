/** The command `swarmcheck`: what it can be asked, and what it answers when that makes no sense. */
import { Argument, Command, CommanderError, Option } from 'commander'
import { AdapterError } from '../../../impl/contract/adapter-error.ts'
import { InputError, suggestion } from '../../../traces/input-error.ts'
import { reporters } from '../../../traces/report.ts'
import { variants } from '../surfaces/form.ts'
import { packageVersion } from '../package-files.ts'
import { caseKinds } from '../scenarios.ts'
import { defaultBudget, defaultSeed } from '../suite.ts'
import { init, snippets } from './init.ts'
import { exploreSystem, list, lists, mergeFiles, validate } from './inspect.ts'
import {
  caseKindOf,
  collect,
  integerOf,
  oneOf,
  profileOf,
  reporterOf,
  requirementOf,
  seedOf,
  shardOf,
  suites,
} from './options.ts'
import { defaultFolder, runSuite, type RunOptions } from './run.ts'
import { replay, runFile, showFile, showForms, shrinkFile } from './scenario.ts'
import { serve, serveHelp } from './serve.ts'
import { timingNames } from '../wire/suite.ts'
import { exits, UsageError, type Terminal } from './terminal.ts'

const processHelp = '{name} and {bind}, or {host} and {port}, say who it is and where it listens'

const exitHelp = `
Exit codes: 0 conformant, 1 not conformant, 2 inconclusive, 3 the adapter or the usage failed, 130 interrupted.`

/** Runs the command with these arguments, and says how to exit. Never throws for what a user does. */
export async function main(words: readonly string[], terminal: Terminal): Promise<number> {
  let code: number = exits.conformant
  const program = createProgram(terminal, (result) => {
    code = result
  })
  try {
    await program.parseAsync(words, { from: 'user' })
    return code
  } catch (error) {
    return explain(error, terminal)
  }
}

function explain(error: unknown, { err, env, signal }: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exits.conformant : exits.failed
  if (signal.aborted) return exits.interrupted
  if (error instanceof AdapterError) {
    err.write(`swarmcheck: ${error.message}\n`)
    const words = error.lastWords.trim()
    if (words !== '') err.write(`its last words:\n${words.replaceAll(/^/gm, '  ')}\n`)
    return exits.failed
  }
  if (error instanceof InputError || error instanceof UsageError) {
    err.write(`swarmcheck: ${error.message}\n`)
    return exits.failed
  }
  const text = error instanceof Error ? error.message : String(error)
  err.write(`swarmcheck: this is a mistake in swarmcheck itself: ${text.split('\n')[0]}\n`)
  if (env['DEBUG'] === 'swarmcheck' && error instanceof Error) err.write(`${error.stack}\n`)
  return exits.failed
}

function createProgram(terminal: Terminal, end: (code: number) => void): Command {
  const program = new Command('swarmcheck')
    .description('Checks implementations of the stack behind swarm mode against executable models.')
    .version(packageVersion)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void terminal.out.write(text),
      writeErr: (text) => void terminal.err.write(text),
      outputError: (text, write) => write(text.replace(/^error: /, 'swarmcheck: ')),
    })
    .addHelpText('after', exitHelp)

  const onTarget = (command: Command): Command =>
    command
      .option('--adapter <command>', 'check what this command speaks for, instead of the reference')
      .option('--plugin <place>', 'check this plugin of Docker for addresses: unix:PATH, or HOST:PORT')
      .option('--reference <variant>', `only this variant of the reference: ${variants.join(' or ')}`, (word) =>
        oneOf('variant of the reference', variants, word),
      )
      .option(
        '--step-timeout <ms>',
        'how long one answer of the adapter may take (default: 10000)',
        integerOf('--step-timeout', 1, 86_400_000),
      )
      .option('--no-timeout', 'wait for the adapter as long as it takes, for debuggers')
  const reported = (command: Command): Command =>
    command
      .option(
        '--reporter <name>',
        `${reporters.join(', ')}; several may be given, the first is printed`,
        collect(reporterOf),
      )
      .option('--out <folder>', `where reports and counterexamples are written (default: ${defaultFolder})`)
  const command = (text: string, description: string): Command =>
    program.command(text).description(description).exitOverride()

  reported(onTarget(command('run [file]', 'run a suite on an implementation, or one scenario or trace file')))
    .option(
      '--suite <name>',
      `${suites.join(', ')}, or all of the reference (default: what the adapter offers, or raft)`,
      (word) => oneOf('suite', [...suites, 'all'], word),
    )
    .option('--process <command>', `with --suite wire: check what this command starts; ${processHelp}`)
    .option(
      '--timing <name>',
      `with --suite wire: how fast it is: ${timingNames.join(', ')} (default: local)`,
      (word) => oneOf('timing', timingNames, word),
    )
    .option('--key <base64>', 'with --suite wire: its gossip is encrypted; {key} in the command stands for the key')
    .option('--label <text>', 'with --key: the label of its cluster; {label} in the command stands for it')
    .option(
      '--key-command <command>',
      'with --key: changes its keys; {operation} is install, use or remove, and {key} of which',
    )
    .option('--profile <name>', 'only requirements of this profile; may be repeated', collect(profileOf))
    .option('--requirement <slug>', 'only this requirement; may be repeated', collect(requirementOf))
    .option('--cases <kind>', `only cases of this kind: ${caseKinds.join(', ')}; may be repeated`, collect(caseKindOf))
    .option('--seed <number>', `decides which schedules are drawn; or 'random' (default: ${defaultSeed})`, seedOf)
    .option(
      '--budget <number>',
      `random schedules to run (default: ${defaultBudget})`,
      integerOf('--budget', 0, 1_000_000),
    )
    .option(
      '--jobs <number>',
      'cores to use (default: up to 4 for the reference, 1 for adapters)',
      integerOf('--jobs', 1, 256),
    )
    .option('--shard <i/n>', 'run only the i-th of n parts', shardOf)
    .option('--strict', 'SHOULD counts like MUST')
    .option('--expect <file>', 'known failures: a JSON list of {requirement, reason, link}')
    .action(async (file: string | undefined, options: RunOptions) => {
      end(await (file === undefined ? runSuite(options, terminal) : runFile(file, options, terminal)))
    })

  onTarget(command('replay <file>', 'run a trace or scenario again: does it still happen?'))
    .option(
      '--times <number>',
      'how often (default: once, or 10 times if not deterministic)',
      integerOf('--times', 1, 10_000),
    )
    .action(async (file: string, options) => end(await replay(file, options, terminal)))

  onTarget(command('shrink <file>', 'find the smallest scenario that breaks the same requirement'))
    .option('--executions <number>', 'runs at most (default: 2000)', integerOf('--executions', 1, 1_000_000))
    .option('--out <folder>', `where it is written (default: ${defaultFolder})`)
    .action(async (file: string, options) => end(await shrinkFile(file, options, terminal)))

  command('show <file>', 'show a trace: what was required, what happened, and how it came to that')
    .addOption(new Option('--as <form>', 'how').choices(showForms).default('terminal'))
    .action((file: string, { as }) => end(showFile(file, as, terminal)))

  command('list', 'list what there is')
    .addArgument(new Argument('[what]', `${lists.join(', ')}`).default('suites'))
    .option('--profile <name>', 'only requirements of this profile', collect(profileOf))
    .action((what: string, options) => end(list(oneOf('list', lists, what), options, terminal)))

  command('validate <files...>', 'check that trace, scenario and report files are whole').action((files: string[]) =>
    end(validate(files, terminal)),
  )

  reported(command('report <files...>', 'merge the JSON reports of shards, or print one in another form')).action(
    (files: string[], options) => end(mergeFiles(files, options, terminal)),
  )

  command('explore <model> [settings...]', "search a system model; settings are such as 'terms=2'")
    .option('--states <number>', 'states at most', integerOf('--states', 1, 1_000_000_000))
    .option('--depth <number>', 'steps at most', integerOf('--depth', 1, 1_000_000))
    .action((model: string, settings: string[], options) => end(exploreSystem(model, settings, options, terminal)))

  command('serve <surface> [settings...]', 'serve the reference: as an adapter, or as a process on a network')
    .allowUnknownOption()
    .addHelpText('after', serveHelp)
    .action(async (surface: string, settings: string[]) => end(await serve(surface, settings, terminal)))

  command('init [what]', `write a first file: ${Object.keys(snippets).join(', ')}`)
    .option('--force', 'overwrite files that are there')
    .action((what: string | undefined, options) => end(init(what, options, terminal)))

  // Commander's own words for an unknown command would not name the nearest of ours.
  program.on('command:*', ([word = '']: string[]) => {
    const words = program.commands.map((each) => each.name())
    throw new UsageError(`unknown command '${word}'${suggestion(word, words)}`)
  })
  return program
}
