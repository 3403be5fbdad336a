/** Style and script of the page. They are constants: nothing of a report is ever in them. */

export const style = `
:root { color-scheme: light dark; --back: #fff; --text: #1c2330; --soft: #5a6575; --line: #d9dfe7; --card: #f6f8fa;
  --pass: #18794e; --fail: #c62a2f; --warn: #925500; --accent: #2456c8; --lane: #b7c0cc }
@media (prefers-color-scheme: dark) { :root { --back: #12161d; --text: #dfe5ee; --soft: #98a5b7; --line: #2b3442;
  --card: #191f29; --pass: #5cc98f; --fail: #ff7b7f; --warn: #e9b15a; --accent: #88aaff; --lane: #445063 } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 78rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; overflow-wrap: break-word }
h1 { font-size: 1.6rem; line-height: 1.25; margin: .1rem 0 .8rem } h2 { font-size: 1.2rem; margin: 2.5rem 0 .6rem }
p { margin: .3rem 0 }
code, pre { font: 13px/1.5 ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace }
pre { background: var(--card); border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; margin: .4rem 0;
  overflow-x: auto }
pre.command { white-space: pre-wrap; overflow-wrap: anywhere; user-select: all }
a { color: var(--accent); text-decoration: none } a:hover { text-decoration: underline }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px }
.soft { color: var(--soft) } .small { font-size: .86rem } .pass { color: var(--pass) } .fail, .error { color: var(--fail) }
.inconclusive, .known { color: var(--warn) } .unsupported { color: var(--soft) }
.conclusion { font-size: 1.15rem; font-weight: 600; margin: 0 0 .8rem; padding: .7rem 1rem; border: 1px solid var(--line);
  border-left: 5px solid currentColor; border-radius: 6px; background: var(--card) }
.conclusion::first-letter { text-transform: uppercase }
.bar { display: flex; gap: 2px; height: 8px; border-radius: 4px; overflow: hidden; margin: .8rem 0 }
.bar span { background: currentColor; min-width: 4px } .bar .unsupported { opacity: .35 }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.2rem; margin: .8rem 0 }
dt { color: var(--soft) } dd { margin: 0; min-width: 0 } dd pre { margin: 0 }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.2rem; margin: 1rem 0 0; padding-top: .7rem; border-top: 1px solid var(--line) }
summary { cursor: pointer }
.card { border: 1px solid var(--line); border-left: 4px solid var(--fail); border-radius: 6px; margin: .7rem 0; padding: .65rem 1rem }
.card.known { border-left-color: var(--warn); color: inherit }
.card > summary { list-style-position: outside; margin-left: 1rem } .card summary code { font-weight: 600; font-size: 14px }
.card details { margin: .5rem 0 } .card details > summary { color: var(--accent) }
.level { font-size: .75rem; color: var(--soft); border: 1px solid var(--line); border-radius: 4px; padding: 0 .35rem; margin-left: .3rem }
figure { margin: .8rem 0; overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; background: var(--card); padding: .4rem .6rem }
figcaption { color: var(--soft); font-size: .82rem; position: sticky; left: 0 }
.filter { display: flex; flex-wrap: wrap; gap: .5rem; position: sticky; top: 0; background: var(--back); padding: .7rem 0;
  border-bottom: 1px solid var(--line); z-index: 1 }
.filter button, .filter input { font: inherit; background: var(--card); border: 1px solid var(--line); border-radius: 999px;
  padding: .2rem .8rem } .filter input { flex: 1; min-width: 12rem; color: inherit } .filter button { cursor: pointer }
.filter button[aria-pressed=true] { background: currentColor; border-color: currentColor }
.filter button[aria-pressed=true] span { color: var(--back) }
.profile { margin: .6rem 0 } .profile > summary { padding: .3rem 0 } .profile > summary b { margin-right: .5rem }
table { border-collapse: collapse; width: 100% }
td, th { padding: .4rem .6rem; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line) }
th { color: var(--soft); font-weight: 500; font-size: .85rem } td:first-child { white-space: nowrap; font-weight: 600; width: 8.5rem }
.verdicts td:nth-child(3), .verdicts th:nth-child(3) { width: 5rem }
.verdicts td:nth-child(4), .verdicts th:nth-child(4) { text-align: right; white-space: nowrap; width: 7rem }
.transitions td:first-child { width: auto; font-weight: 400; white-space: normal } .transitions td:last-child { text-align: right }
[hidden] { display: none !important }
.story { display: block; font: 12px/1 ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace }
.story text { fill: var(--text); stroke: var(--card); stroke-width: 4px; paint-order: stroke; white-space: pre }
.story .head { font-weight: 700 } .story .time, .story .lost { fill: var(--soft) }
.story .lane { stroke: var(--lane) } .story .arrow { stroke: var(--text) } .story .arrow.lost { stroke: var(--soft); stroke-dasharray: 4 4 }
.story .tip { fill: var(--text) } .story .leader { fill: var(--pass) } .story .down { fill: var(--warn) }
.story .violation { fill: var(--fail); font-weight: 700 } .story rect { fill: var(--warn); opacity: .13 }
.story rect.hit { fill: var(--fail); opacity: .14 } .story text.fault { fill: var(--warn); stroke: none }
.story text.violation { stroke: none }
@media (max-width: 44rem) {
  body { padding: 1rem .8rem 3rem } dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .4rem }
  .verdicts thead { display: none } .verdicts tr { display: grid; grid-template-columns: 1fr auto auto; padding: .4rem 0; border-bottom: 1px solid var(--line) }
  .verdicts td { border: 0; padding: .1rem .3rem; width: auto !important } .verdicts td:nth-child(2) { grid-row: 2; grid-column: 1 / -1 }
  .card { padding: .6rem .7rem }
}
@media print { .filter, nav { display: none } }
`

export const script = `
const buttons = [...document.querySelectorAll('.filter button')]
const search = document.querySelector('.filter input')
const rows = [...document.querySelectorAll('tr[data-verdict]')].map((row) => ({ row, text: row.textContent.toLowerCase() }))
const profiles = [...document.querySelectorAll('.profile')]
const atFirst = new Map(profiles.map((profile) => [profile, profile.open]))
function filter() {
  const on = new Set(buttons.filter((b) => b.getAttribute('aria-pressed') === 'true').map((b) => b.dataset.verdict))
  const words = search.value.toLowerCase().split(/\\s+/)
  const all = on.size === 0 && search.value.trim() === ''
  for (const { row, text } of rows) {
    row.hidden = (on.size > 0 && !on.has(row.dataset.verdict)) || !words.every((word) => text.includes(word))
  }
  for (const profile of profiles) {
    profile.hidden = profile.querySelector('tr[data-verdict]:not([hidden])') === null
    profile.open = all ? atFirst.get(profile) : !profile.hidden
  }
  document.querySelector('.nothing').hidden = rows.some(({ row }) => !row.hidden)
}
for (const button of buttons) button.addEventListener('click', () => {
  button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') !== 'true'))
  filter()
})
search.addEventListener('input', filter)
function reveal() {
  const target = document.getElementById(location.hash.slice(1))
  if (target === null) return
  if (target.tagName === 'DETAILS') target.open = true
  target.scrollIntoView()
}
addEventListener('hashchange', reveal)
if (location.hash !== '') reveal()
`
