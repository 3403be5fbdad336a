/** The report as one page that needs nothing else: no network, no other file. */
import { createHash } from 'node:crypto'
import { drawLanes } from '../show/lanes.ts'
import { drawMermaid } from '../show/mermaid.ts'
import { legendOf } from '../show/story.ts'
import { escapeHtml } from './markup.ts'
import { script, style } from './page.ts'
import { areSentences, coverageParts, remarkOf, searchOf, signs, tallyOf } from './pretty.ts'
import { drawSvg } from './svg.ts'
import {
  byProfile,
  conclusion,
  counted,
  exitCode,
  grouped,
  isUnclaimed,
  rerunOf,
  runsOf,
  tally,
  undecided,
  verdicts,
  type Counts,
  type Outcome,
  type Report,
  type ShownCounterexample,
} from './verdict.ts'

/** The page. Everything in it that others wrote is escaped; a content policy allows only the script of the page. */
export function htmlReport(report: Report): string {
  const title = titleOf(report)
  const failures = failuresOf(report)
  const hash = createHash('sha256').update(script).digest('base64')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(`${title}: ${conclusion(report)}`)}</title>
<style>${style}</style>
</head>
<body>
${header(report, title)}
<nav>
${failures.length === 0 ? '' : `<a href="#failures">Failures (${failures.length})</a>`}
<a href="#requirements">Requirements (${report.outcomes.length})</a>
<a href="#coverage">Coverage</a>
</nav>
${failures.length === 0 ? '' : `<h2 id="failures">Failures</h2>\n${failures.map(failureCard).join('\n')}`}
${openSection(undecided(report))}
<h2 id="requirements">Requirements</h2>
${requirements(report, failures)}
<h2 id="coverage">Coverage</h2>
${coverage(report)}
<script>${script}</script>
</body>
</html>
`
}

function titleOf({ implementation, suite }: Report): string {
  return implementation === null ? `Suite ${suite}` : `${implementation.name} ${implementation.version}`
}

function failuresOf({ outcomes }: Report): Outcome[] {
  const failed = outcomes.filter(({ verdict, claimed }) => verdict === 'fail' || (verdict === 'error' && claimed))
  return [...failed.filter(({ known }) => known === null), ...failed.filter(({ known }) => known !== null)]
}

/** The verdict, who it is for, and how to come by it again. */
function header(report: Report, title: string): string {
  const { implementation, outcomes, suite, seed, shard, strict, spec, notes, errors } = report
  const code = exitCode(report)
  const counts = tally(outcomes)
  const rerun = rerunOf(report)
  const language = implementation === null ? '' : ` (${implementation.language})`
  const by = [
    `Swarmcheck ${report.swarmcheck}`,
    `suite ${suite}`,
    `SPEC.md ${spec}`,
    `seed ${seed}`,
    ...(strict ? ['strict'] : []),
    ...(shard === null ? [] : [`shard ${shard.index} of ${shard.of}`]),
  ]
  const facts: readonly (readonly [string, string])[] = [
    ['Checked', escapeHtml(`${title}${language}`)],
    ['Claims', escapeHtml(implementation?.profiles.join(', ') || 'nothing')],
    ['By', escapeHtml(by.join(', '))],
    ['In', runsOf(report).join(', ')],
    ['Verdicts', tallyOf(report).join(', ')],
    ['Again', rerun === null ? '' : command(rerun)],
  ]
  return `<header>
<p class="soft small">Swarmcheck conformance report</p>
<h1>${escapeHtml(title)}</h1>
<p class="conclusion ${code === 0 ? 'pass' : code === 2 ? 'inconclusive' : 'fail'}">${escapeHtml(conclusion(report))}</p>
<div class="bar">${verdicts
    .filter((verdict) => counts[verdict] > 0)
    .map(
      (verdict) =>
        `<span class="${verdict}" style="flex:${counts[verdict]}" title="${counts[verdict]} ${verdict}"></span>`,
    )
    .join('')}</div>
<dl>
${facts
  .filter(([, value]) => value !== '')
  .map(([name, value]) => `<dt>${name}</dt><dd>${value}</dd>`)
  .join('\n')}
</dl>
${notes.map((note) => `<p class="soft small">${escapeHtml(note)}</p>`).join('\n')}
${errors.map((error) => `<pre class="error">${escapeHtml(error)}</pre>`).join('\n')}
</header>`
}

/** What keeps the run from a conclusion. */
function openSection(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return ''
  return `<h2>Without a verdict</h2>
<ul>
${outcomes
  .map(
    (outcome) =>
      `<li><code>${escapeHtml(outcome.requirement)}</code> <span class="${outcome.verdict}">${escapeHtml(remarkOf(outcome))}</span></li>`,
  )
  .join('\n')}
</ul>`
}

function failureCard(outcome: Outcome, index: number): string {
  const { requirement, level, sentence, source, counterexample, known, replay } = outcome
  return `<details class="card${known === null ? '' : ' known'}" id="failure-${index + 1}"${index === 0 ? ' open' : ''}>
<summary><code class="${known === null ? 'fail' : 'known'}">${signs[outcome.verdict]} ${escapeHtml(requirement)}</code> <span class="level">${level}</span>
<p>${escapeHtml(sentence)}</p></summary>
<p class="soft small">${escapeHtml(source)}</p>
<dl>
<dt>Happened</dt><dd class="fail">${escapeHtml(counterexample?.text ?? remarkOf(outcome))}</dd>
${counterexample === null || counterexample.allowed === '' ? '' : `<dt>Allowed</dt><dd>${escapeHtml(counterexample.allowed)}</dd>`}
${known === null ? '' : `<dt>Known</dt><dd>${escapeHtml(known.reason)} ${link(known.link)}</dd>`}
</dl>
${counterexample === null ? '' : pictures(counterexample)}
${counterexample === null ? '' : `<p class="soft small">${escapeHtml(searchOf(counterexample))}</p>`}
${replay === '' ? '' : command(replay)}
</details>`
}

function command(words: string): string {
  return `<pre class="command">${escapeHtml(words)}</pre>`
}

/** Steps above which a scenario is folded. */
const longScenario = 30

function pictures({ story, states, scenario, steps, log }: ShownCounterexample): string {
  const folded = (title: string, text: string): string =>
    text.trim() === '' ? '' : `<details><summary>${title}</summary><pre>${escapeHtml(text.trimEnd())}</pre></details>`
  const svg = drawSvg(story)
  return `${svg === '' ? '' : `<figure>${svg}<figcaption>${escapeHtml(legendOf(story))}</figcaption></figure>`}
${states === '' ? '' : `<pre>${escapeHtml(states)}</pre>`}
<details${steps > longScenario ? '' : ' open'}><summary>The scenario, ${counted(steps, 'step')}</summary><pre>${escapeHtml(scenario.trimEnd())}</pre></details>
${folded('The events before it', log)}
${story.nodes.length === 0 ? '' : folded('The diagram as text', drawLanes(story).join('\n'))}
${story.nodes.length === 0 ? '' : folded('The diagram for Mermaid', drawMermaid(story))}`
}

/** A table a profile; what is not claimed, and what only passed, is closed. */
function requirements({ outcomes }: Report, failures: readonly Outcome[]): string {
  const unclaimed = outcomes.filter((outcome) => isUnclaimed([outcome])).length
  const counts = tally(outcomes.filter((outcome) => !isUnclaimed([outcome])))
  const button = (verdict: string, words: string): string =>
    `<button type="button" class="${verdict === 'unclaimed' ? 'unsupported' : verdict}" aria-pressed="false" data-verdict="${verdict}"><span>${words}</span></button>`
  return `<div class="filter">
${verdicts
  .filter((verdict) => counts[verdict] > 0)
  .map((verdict) => button(verdict, `${signs[verdict]} ${counts[verdict]} ${verdict}`))
  .join('\n')}
${unclaimed === 0 ? '' : button('unclaimed', `${signs.unsupported} ${unclaimed} not claimed`)}
<input type="search" aria-label="Search requirements" placeholder="Search requirements">
</div>
${[...byProfile(outcomes)]
  .sort(([, left], [, right]) => Number(isUnclaimed(left)) - Number(isUnclaimed(right)))
  .map(([profile, members]) => profileTable(profile, members, failures))
  .join('\n')}
<p class="nothing soft" hidden>No requirement is like that.</p>`
}

function profileTable(profile: string, outcomes: readonly Outcome[], failures: readonly Outcome[]): string {
  const unclaimed = isUnclaimed(outcomes)
  const closed = unclaimed || outcomes.every(({ verdict, known }) => verdict === 'pass' && known === null)
  const counts = tally(outcomes)
  const summary = unclaimed
    ? `not claimed, ${counted(outcomes.length, 'requirement')}`
    : verdicts
        .filter((verdict) => counts[verdict] > 0)
        .map((verdict) => `<span class="${verdict}">${counts[verdict]} ${verdict}</span>`)
        .join(', ')
  return `<details class="profile"${closed ? '' : ' open'}>
<summary><b${unclaimed ? ' class="soft"' : ''}>${escapeHtml(profile)}</b><span class="soft small">${summary}</span></summary>
<table class="verdicts">
<thead><tr><th>Verdict</th><th>Requirement</th><th>Level</th><th>Put to the test</th></tr></thead>
<tbody>
${outcomes.map((outcome) => row(outcome, failures.indexOf(outcome))).join('\n')}
</tbody>
</table>
</details>`
}

function row(outcome: Outcome, failure: number): string {
  const { verdict, requirement, level, exercised, sentence, source, known } = outcome
  const unclaimed = isUnclaimed([outcome])
  const remark = outcome.reason === 'not claimed' ? '' : remarkOf(outcome)
  const tone = known !== null && verdict !== 'pass' ? 'known' : verdict
  const slug = `<code>${escapeHtml(requirement)}</code>`
  return `<tr data-verdict="${unclaimed ? 'unclaimed' : verdict}">
<td class="${tone}">${signs[verdict]} ${unclaimed ? 'not claimed' : verdict}</td>
<td>${failure < 0 ? slug : `<a href="#failure-${failure + 1}">${slug}</a>`}<p>${escapeHtml(sentence)} <span class="soft small">${escapeHtml(source)}</span></p>${
    remark === '' ? '' : `<p class="${tone}">${escapeHtml(remark)} ${link(known?.link ?? '')}</p>`
  }</td>
<td>${level}</td>
<td>${exercised > 0 ? `${grouped(exercised)}×` : '–'}</td>
</tr>`
}

/** A link where it is one for browsers; anything else is text. */
function link(target: string): string {
  const text = escapeHtml(target)
  return /^https?:\/\/[^\s]+$/.test(target) ? `<a rel="noreferrer" href="${text}">${text}</a>` : text
}

function coverage(report: Report): string {
  return `<dl>
${coverageParts(report)
  .map(
    ({ title, meaning, parts }) =>
      `<dt title="${escapeHtml(meaning)}">${escapeHtml(title)}</dt><dd>${parts.map(escapeHtml).join(areSentences(parts) ? '<br>' : ', ')}</dd>`,
  )
  .join('\n')}
</dl>
${transitionTable(report.coverage.transitions)}`
}

function transitionTable(transitions: Counts): string {
  const rows = Object.entries(transitions)
  if (rows.length === 0) return ''
  return `<details><summary>How often each transition of the member model was seen</summary>
<table class="transitions"><thead><tr><th>Transition</th><th>Seen</th></tr></thead><tbody>
${rows
  .map(
    ([name, count]) =>
      `<tr><td>${escapeHtml(name)}</td><td${count === 0 ? ' class="fail"' : ''}>${grouped(count)}×</td></tr>`,
  )
  .join('\n')}
</tbody></table></details>`
}
