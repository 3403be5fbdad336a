import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { AnyTraceEvent, TraceEvent } from '../../traces/event.ts'
import { show, showMermaid, storyOf, type Counterexample } from '../../traces/show.ts'
import { drawLanes } from '../../traces/show/lanes.ts'
import { escapeMermaid } from '../../traces/show/mermaid.ts'
import { tellStory, type Story } from '../../traces/show/story.ts'
import { sampleTrace } from './traces-sample.ts'

const sample: Counterexample = {
  trace: sampleTrace,
  violation: sampleTrace.violation!,
  event: 8,
  requirement: {
    level: 'MUST',
    sentence: 'A member votes for at most one candidate in a term.',
    source: 'Raft §5.2',
  },
  replay: 'swarmcheck replay two-votes.trace.jsonl',
}

const evil = 'x\u001b[31m\nend; p1->>p2: forged #lt;script#gt;<script>\u202e'

/** The sample with hostile text wherever an implementation, or who wrote the trace, can put text. */
const hostile: Counterexample = {
  ...sample,
  violation: { ...sample.violation, text: evil, allowed: evil },
  requirement: { level: evil, sentence: evil, source: evil },
  replay: evil,
  trace: {
    ...sampleTrace,
    meta: { ...sampleTrace.meta, implementation: { ...sampleTrace.meta.implementation!, name: evil } },
    scenario: { ...sampleTrace.scenario, name: evil },
    events: sampleTrace.events.map((event): AnyTraceEvent => {
      if (event.event === 'fault') return { ...event, text: evil }
      if (event.event !== 'step') return event
      return { ...event, answer: { ...event.answer, error: { kind: 'panic', text: evil } } }
    }),
  },
}

describe('a shown counterexample', () => {
  test('says what was required, what happened, what was allowed, and how to run it again', () => {
    const text = show(sample)
    expect(text).toContain(
      'raft/one-vote-per-term  MUST\n  A member votes for at most one candidate in a term.\n  Raft §5.2\n',
    )
    expect(text).toContain('✗ at 22 ms, n3: n3 voted for n1 and then for n2 in term 2')
    expect(text).toContain('✓ allowed: a refusal, or no answer')
    expect(text).toContain('  timeout n1\n  timeout n2\n  run 100ms')
    expect(text).toContain('swarmcheck replay two-votes.trace.jsonl')
    expect(text).toMatch(/✗ 22 {2}n3 {2}from n2: request-vote/)
    expect(text).toMatch(/n1 +leader +2 +n1 +n1 +0 +0 +n1 n2 n3 +1@2/)
    expect(text).not.toContain('\u001b')
    expect(show(sample, { colors: true })).toContain('\u001b[31m')
  })

  test('has a diagram for terminals', () => {
    expect(drawLanes(storyOf(sample), 100).join('\n')).toMatchInlineSnapshot(`
      "      ms  n1                                 n2                                 n3
            10  ● candidate, term 2, votes for n1  │                                  │
            11  │  ~ cut n1 > n2 cut ~             │                                  │
            15  ├───────────────────── request-vote t2 last 0@0 ─────────────────────▶│
                │                                  │             term 2, votes for n1 ●
            18  │                                  ● candidate, term 2, votes for n2  │
            20  │◀────────────────────────── vote granted t2 ─────────────────────────┤
                ★ leader, log + 1@2                │                                  │
            22  │                                  ├──── request-vote t2 last 0@0 ───▶│
                │                                  │                                  ● votes for n2
                │                                  │           raft/one-vote-per-term ✗"
    `)
  })

  test('has a diagram that fits, and cuts no label off where there is room', () => {
    const label = 'append t2 2@2 after 1@1 commit 1'
    const message = { row: 'message', now: 50, text: label, sent: 0, lost: 'partition' } as const
    const nodes = ['n1', 'n2', 'n3', 'n4', 'n5']
    const story: Story = {
      nodes,
      rows: [
        ...nodes.flatMap((from, index) => [
          { ...message, from, to: nodes[(index + 1) % 5]! },
          { ...message, from: nodes[(index + 1) % 5]!, to: from },
        ]),
        { row: 'note', now: 60, node: 'n5', text: 'follower, term 2, votes for n2, leader n2', tone: 'plain' },
      ],
      omitted: 0,
    }
    for (const width of [60, 80, 100, 120, 300]) {
      const lines = drawLanes(story, width)
      expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(width)
      expect(lines.slice(1, -1).filter((line) => !line.includes('✕'))).toEqual([])
      const whole = lines.filter((line) =>
        line.includes(width === 300 ? `${label} (partition), sent 0` : 'append t2 2@2'),
      )
      expect(whole).toHaveLength(10)
      expect(lines.at(-1)).toContain('follower, term 2, votes for n2, leader n2')
    }
  })

  test('tells of a violation that no step showed', () => {
    const finish: TraceEvent = { event: 'finish', now: 99 }
    const events = [...sampleTrace.events.slice(0, 8), finish]
    const told = (node: string | null) => tellStory(events, 8, { ...sample.violation, node }).rows.at(-1)
    expect(told('n2')).toEqual(expect.objectContaining({ row: 'note', node: 'n2', tone: 'violation', now: 99 }))
    expect(told(null)).toEqual({ row: 'fault', now: 99, text: '✗ raft/one-vote-per-term' })
  })

  test('may have nothing but its scenario, where the process died', () => {
    const text = show({ ...sample, trace: { ...sampleTrace, events: [] }, event: -1 })
    expect(text).toContain('before it could tell: n3 voted for n1')
    expect(text).toContain('The scenario\n  raft scenario v1')
    expect(text).not.toContain('How it came to that')
    expect(text).not.toContain('Last states')
  })

  test('has a diagram for pages', () => {
    expect(showMermaid(sample)).toBe(`sequenceDiagram
  participant p1 as n1
  participant p2 as n2
  participant p3 as n3
  Note over p1: 10 ms candidate, term 2, votes for n1
  Note over p1,p3: 11 ms cut n1 #62; n2 cut
  p1->>p3: 15 ms request-vote t2 last 0@0
  Note over p3: 15 ms term 2, votes for n1
  Note over p2: 18 ms candidate, term 2, votes for n2
  p3->>p1: 20 ms vote granted t2
  Note over p1: 20 ms leader, log + 1@2
  p2->>p3: 22 ms request-vote t2 last 0@0
  Note over p3: 22 ms votes for n2
  Note over p3: 22 ms VIOLATED raft/one-vote-per-term
`)
  })

  test('shows lost messages, and only nodes that take part', () => {
    const first = sampleTrace.events.slice(0, 3)
    const lost: TraceEvent = { event: 'fault', now: 14, fault: 'loss', text: 'n1 -> n3 request-vote 1 (message 1)' }
    const story = tellStory([...first, lost], 2, null)
    expect(story.nodes).toEqual(['n1'])
    const later = tellStory([...first, lost, sampleTrace.events[6]!], 4, {
      ...sample.violation,
      text: 'n1, n2',
      node: null,
    })
    expect(later.nodes).toEqual(['n1', 'n2', 'n3'])
    expect(later.rows).toContainEqual(expect.objectContaining({ row: 'message', lost: 'loss', now: 14, sent: 10 }))
  })

  test('leaves out the beginning of a long story', () => {
    const story = tellStory(sampleTrace.events, 8, sample.violation, 4)
    expect(story.rows.length).toBeLessThanOrEqual(5)
    expect(story.omitted).toBeGreaterThan(0)
  })

  test('shows nothing of strangers unescaped', () => {
    const text = show(hostile)
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/)
    expect(text.split('\n').length).toBeLessThanOrEqual(show(sample).split('\n').length + 10)
    const diagram = showMermaid(hostile)
    expect(diagram).not.toMatch(/<|;(?=[^\n]*p1->>p2)|\u001b|\u202e/)
    for (const line of diagram.trimEnd().split('\n').slice(1)) {
      expect(line).toMatch(/^ {2}(participant p\d as |Note over p\d(,p\d)?: |p\d(->>|-x)p\d: )/)
    }
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (word) => {
        expect(escapeMermaid(word)).toMatch(/^([\p{L}\p{N} .,:=+@/()'…-]|#\d+;)*$/u)
      }),
    )
  })
})
