/** The report as one page that needs nothing else: no network, no other file. */
import { createHash } from 'node:crypto'
import { escapeControl } from '../input-error.ts'
import { coverageLines, remarkOf, signs } from './pretty.ts'
import {
  byProfile,
  conclusion,
  exitCode,
  grouped,
  tally,
  verdicts,
  type Counts,
  type Outcome,
  type Report,
} from './verdict.ts'

const style = `
:root { color-scheme: light dark; --back: #fff; --text: #1c2330; --soft: #5d6878; --line: #d9dfe7; --card: #f5f7fa;
  --pass: #18794e; --fail: #c62a2f; --warn: #9a5b00; --accent: #2456c8; }
@media (prefers-color-scheme: dark) { :root { --back: #12161d; --text: #dfe5ee; --soft: #93a0b2; --line: #2b3442;
  --card: #1a202a; --pass: #5cc98f; --fail: #ff7b7f; --warn: #e9b15a; --accent: #88aaff; } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 76rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif }
h1 { font-size: 1.5rem; margin: 0 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem } p { margin: .3rem 0 }
code, pre { font: 13px/1.45 ui-monospace, Menlo, Consolas, monospace }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .8rem; overflow-x: auto; margin: .5rem 0 }
.soft { color: var(--soft) } .pass { color: var(--pass) } .fail, .error { color: var(--fail) }
.inconclusive, .known { color: var(--warn) } .unsupported { color: var(--soft) }
.conclusion { font-size: 1.1rem; font-weight: 600; margin: 1rem 0; padding: .7rem 1rem; border: 1px solid var(--line);
  border-left: 5px solid currentColor; border-radius: 6px; background: var(--card) }
.filter { display: flex; flex-wrap: wrap; gap: .5rem; position: sticky; top: 0; background: var(--back); padding: .7rem 0;
  border-bottom: 1px solid var(--line) }
.filter button, .filter input { font: inherit; color: inherit; background: var(--card); border: 1px solid var(--line);
  border-radius: 999px; padding: .2rem .8rem }
.filter button { cursor: pointer } .filter input { flex: 1; min-width: 12rem }
.filter button[aria-pressed=false] { opacity: .45; text-decoration: line-through }
a { color: var(--accent) }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px }
table { border-collapse: collapse; width: 100% } td, th { padding: .35rem .5rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line) } th { color: var(--soft); font-weight: 500; font-size: .85rem }
td:nth-child(4) { text-align: right; white-space: nowrap } td:nth-child(1) { white-space: nowrap; font-weight: 600 }
summary { cursor: pointer; color: var(--accent) } details > p:first-of-type { margin-top: .6rem } [hidden] { display: none }
`

const script = `
const buttons = [...document.querySelectorAll('.filter button')]
const search = document.querySelector('.filter input')
const rows = [...document.querySelectorAll('tr[data-verdict]')]
const sections = [...document.querySelectorAll('section[data-profile]')]
function filter() {
  const on = new Set(buttons.filter((b) => b.getAttribute('aria-pressed') === 'true').map((b) => b.dataset.verdict))
  const words = search.value.toLowerCase().split(/\\s+/)
  for (const row of rows) {
    const text = row.textContent.toLowerCase()
    row.hidden = !on.has(row.dataset.verdict) || !words.every((word) => text.includes(word))
  }
  for (const section of sections) section.hidden = !section.querySelector('tr[data-verdict]:not([hidden])')
}
for (const button of buttons) button.addEventListener('click', () => {
  button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'))
  filter()
})
search.addEventListener('input', filter)
`

/** The page. Everything in it that others wrote is escaped; a content policy allows only the script of the page. */
export function htmlReport(report: Report): string {
  const { implementation, runs, outcomes } = report
  const code = exitCode(report)
  const counts = tally(outcomes)
  const title = `Swarmcheck: ${implementation === null ? report.suite : `${implementation.name} ${implementation.version}`}`
  const hash = createHash('sha256').update(script).digest('base64')
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${hash}'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>${style}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
<p class="soft">${escapeHtml(
    [
      `Swarmcheck ${report.swarmcheck}`,
      ...(implementation === null ? [] : [implementation.language]),
      `suite ${report.suite}`,
      `seed ${report.seed}`,
      ...(report.shard === null ? [] : [`shard ${report.shard.index}/${report.shard.of}`]),
      `${grouped(runs.scenarios)} scenarios`,
      `${grouped(runs.steps)} steps`,
      `${grouped(runs.deliveries)} deliveries`,
      `${grouped(Math.round(runs.simulated / 1000))} simulated seconds`,
    ].join(' · '),
  )}</p>
<p class="conclusion ${code === 0 ? 'pass' : code === 2 ? 'inconclusive' : 'fail'}">${escapeHtml(conclusion(report))}</p>
${report.notes.map((note) => `<p class="soft">${escapeHtml(note)}</p>`).join('\n')}
${report.errors.map((error) => `<pre class="error">${escapeHtml(error)}</pre>`).join('\n')}
<div class="filter">
${verdicts
  .filter((verdict) => counts[verdict] > 0)
  .map(
    (verdict) =>
      `<button type="button" class="${verdict}" aria-pressed="true" data-verdict="${verdict}">${signs[verdict]} ${counts[verdict]} ${verdict}</button>`,
  )
  .join('\n')}
<input type="search" aria-label="Filter" placeholder="Filter requirements">
</div>
${[...byProfile(outcomes)].map(([profile, rows]) => profileSection(profile, rows)).join('\n')}
<h2>Coverage</h2>
<pre>${escapeHtml(coverageLines(report, 110).slice(1).join('\n'))}</pre>
${transitionTable(report.coverage.transitions)}
<script>${script}</script>
</body>
</html>
`
}

function profileSection(profile: string, outcomes: readonly Outcome[]): string {
  const claimed = outcomes.some((outcome) => outcome.claimed)
  return `<section data-profile>
<h2>${escapeHtml(profile)}${claimed ? '' : ' <span class="soft">not claimed</span>'}</h2>
<table>
<thead><tr><th>Verdict</th><th>Requirement</th><th>Level</th><th>Put to the test</th></tr></thead>
<tbody>
${outcomes.map(row).join('\n')}
</tbody>
</table>
</section>`
}

function row(outcome: Outcome): string {
  const { verdict, requirement, level, exercised, sentence, source, known } = outcome
  const remark = remarkOf(outcome)
  const tone = known !== null && verdict !== 'pass' ? 'known' : verdict
  const open = verdict === 'fail' && known === null ? ' open' : ''
  return `<tr data-verdict="${verdict}">
<td class="${tone}">${signs[verdict]} ${verdict}</td>
<td><code>${escapeHtml(requirement)}</code><p>${escapeHtml(sentence)} <span class="soft">${escapeHtml(source)}</span></p>${
    remark === '' ? '' : `<p class="${tone}">${escapeHtml(remark)}</p>`
  }${counterexample(outcome, open)}</td>
<td>${level}</td>
<td>${exercised > 0 ? `${grouped(exercised)}×` : '–'}</td>
</tr>`
}

function counterexample({ counterexample: shown, replay, known }: Outcome, open: string): string {
  const why = known === null || known.link === '' ? '' : `<p>${link(known.link)}</p>`
  if (shown === null) return why
  return `${why}<details${open}><summary>Counterexample in ${shown.steps} steps</summary>
<p>${escapeHtml(shown.text)}</p>${shown.allowed === '' ? '' : `<p class="soft">Allowed: ${escapeHtml(shown.allowed)}</p>`}
<pre>${escapeHtml(shown.lanes)}</pre>
<pre>${escapeHtml(shown.scenario)}</pre>
<details><summary>Events and states</summary><pre>${escapeHtml(shown.log)}</pre><pre>${escapeHtml(shown.states)}</pre></details>
${replay === '' ? '' : `<p>Run it again: <code>${escapeHtml(replay)}</code></p>`}
<details><summary>Mermaid</summary><pre>${escapeHtml(shown.mermaid)}</pre></details>
</details>`
}

/** A link where it is one for browsers; anything else is text. */
function link(target: string): string {
  const text = escapeHtml(target)
  return /^https?:\/\/[^\s]+$/.test(target) ? `<a rel="noreferrer" href="${text}">${text}</a>` : text
}

function transitionTable(transitions: Counts): string {
  const rows = Object.entries(transitions)
  if (rows.length === 0) return ''
  return `<details><summary>${rows.length} transitions of the member model</summary><table>
<thead><tr><th>Transition</th><th>Seen</th></tr></thead><tbody>
${rows
  .map(
    ([name, count]) =>
      `<tr><td>${escapeHtml(name)}</td><td${count === 0 ? ' class="fail"' : ''}>${grouped(count)}×</td></tr>`,
  )
  .join('\n')}
</tbody></table></details>`
}

/** Escapes markup, and shows control characters and direction overrides instead of obeying them. */
export function escapeHtml(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
  return text
    .split('\n')
    .map(escapeControl)
    .join('\n')
    .replace(/[&<>"']/g, (character) => entities[character]!)
}
