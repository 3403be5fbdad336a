import { describe, expect, test } from 'vitest'
import { readTrace, traceJsonSchema, writeTrace } from '../../traces/format.ts'
import { InputError } from '../../traces/input-error.ts'
import { sampleTrace } from './traces-sample.ts'

const written = writeTrace(sampleTrace)
const lines = written.trimEnd().split('\n')

/** The sample with some lines replaced (by number, from 1) and everything behind `length` left out. */
function changed(changes: Record<number, string>, length = lines.length): string {
  return lines
    .map((line, index) => changes[index + 1] ?? line)
    .slice(0, length)
    .join('\n')
}

/** Values whose keys are in another order. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, part]) => [key, reversed(part)]),
  )
}

describe('a trace file', () => {
  test('gives back every trace exactly', () => {
    expect(readTrace(written)).toEqual(sampleTrace)
    expect(readTrace(new TextEncoder().encode(written))).toEqual(sampleTrace)
    expect(writeTrace(readTrace(written))).toBe(written)
  })

  test('has the same bytes whatever the order of keys', () => {
    expect(writeTrace(reversed(sampleTrace) as typeof sampleTrace)).toBe(written)
  })

  test('has a published schema that is up to date', async () => {
    const schema = `${JSON.stringify(traceJsonSchema(), null, 2)}\n`
    await expect(schema).toMatchFileSnapshot('../../traces/trace.schema.json')
  })

  const step = lines.findIndex((line) => line.includes('"deliver"')) + 1
  test.each<[string, string | Uint8Array, string]>([
    ['empty', '', 't:1: the file is empty'],
    ['blank', ' \n\n', 't:1: the file is empty'],
    ['binary', new Uint8Array([123, 10, 0xff, 0xfe]), 't:2: the file is not text in UTF-8'],
    ['another JSON file', '{"name":"x"}', 't:1: not a trace'],
    [
      'a version to come',
      changed({ 1: lines[0]!.replace('"version":1', '"version":2') }),
      't:1: unsupported version 2',
    ],
    ['no scenario', changed({}, 1), 't:2: truncated: the scenario is missing'],
    ['cut between lines', changed({}, 6), 't:6: truncated: the end is missing'],
    [
      'cut within a line',
      written.slice(0, written.length - 20),
      `t:${lines.length}: truncated: the last line is not whole`,
    ],
    ['a line left out', changed({ [step]: '' }).replace('\n\n', '\n'), 'but the end counts 11'],
    ['text behind the end', `${written}{}`, `t:${lines.length + 1}: something follows the end`],
    ['not JSON', changed({ 5: '{"event":nonsense}' }), 't:5: not JSON'],
    ['no object', changed({ 5: '[1]' }), 't:5: a JSON object was expected'],
    ['deep', changed({ 5: `{"event":${'['.repeat(100_000)}` }), 't:5:33: nested more than 24 deep'],
    [
      'a prototype',
      changed({ 5: '{"__proto__":{"event":"finish"},"now":1}' }),
      "t:5: a key '__proto__' is not allowed",
    ],
    ['an unknown event', changed({ 5: '{"event":"explode"}' }), 't:5: event: '],
    ['a huge number', changed({ 5: '{"event":"finish","now":1e999}' }), 't:5: now: '],
    ['a number beyond integers', changed({ 5: '{"event":"finish","now":9007199254740993}' }), 't:5: now: '],
    [
      'an unknown key',
      changed({ 5: '{"event":"finish","now":1,"\\u001b[31m":1}' }),
      't:5: Unrecognized key: "\\x1b[31m"',
    ],
    [
      'time that goes back',
      changed({ 5: '{"event":"phase","now":90,"phase":"heal"}' }),
      't:6: time goes back from 90 to 11',
    ],
    [
      'an unknown node',
      changed({ [step]: lines[step - 1]!.replace('"to":"n3"', '"to":"n9"') }),
      `t:${step}: unknown node 'n9'`,
    ],
    [
      'control characters in a name',
      changed({ [step]: lines[step - 1]!.replace('"to":"n3"', '"to":"\\u0007"') }),
      `t:${step}: input.message.to: `,
    ],
    ['an event behind the finish', changed({ 5: '{"event":"finish","now":0}' }), "t:6: an event follows 'finish'"],
    ['two starts', changed({ 5: lines[2]! }), "t:5: the first event, and no other, is 'start'"],
    [
      'other nodes',
      changed({ 3: lines[2]!.replace('"n1","n2","n3"', '"n1","n2","n4"') }),
      't:3: the nodes are not those',
    ],
    [
      'a scenario of strangers',
      changed({ 2: lines[1]!.replace('"node":"n1"', '"node":"n8"') }),
      't:2: scenario.steps[0]: unknown node n8',
    ],
  ])('is refused in one line when it is %s', (_, content, message) => {
    let text = ''
    try {
      readTrace(content, 't')
    } catch (error) {
      expect(error).toBeInstanceOf(InputError)
      text = (error as Error).message
    }
    expect(text).toContain(message)
    expect(text).not.toMatch(/[\u0000-\u001f]/)
  })

  test('is refused when a line is too long, without parsing it', () => {
    expect(() => readTrace(changed({ 5: `{"event":"${'x'.repeat(17_000_000)}"}` }), 't')).toThrow(
      't:5: the line is longer',
    )
  })
})
