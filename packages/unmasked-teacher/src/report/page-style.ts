/** The report's style sheet: light and dark as the reader's system is. */
export const PAGE_STYLE = `
:root{color-scheme:light dark;--paper:#fcfcfb;--card:#fff;--ink:#1b1c1e;--quiet:#666a70;--line:#e4e4e0;--accent:#3b5bdb;--soft:#3b5bdb40;
--warm:#c2410c;--note:#fff7e6;--note-line:#f0c36d;--code:#f3f3f0}
@media (prefers-color-scheme:dark){:root{--paper:#141518;--card:#1b1d21;--ink:#e7e7e4;--quiet:#9a9ea6;--line:#2d3036;--accent:#8da2fb;
--soft:#8da2fb45;--warm:#fb923c;--note:#2b2313;--note-line:#7a5c1e;--code:#22252a}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:1040px;margin:0 auto;padding:48px 24px 80px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.02em;margin:0 0 6px}
h2{font-size:20px;letter-spacing:-.01em;margin:52px 0 12px}
h3{font-size:15px;margin:0;font-weight:600}
p{margin:0 0 12px;max-width:76ch}
.lead,.quiet,figcaption span{color:var(--quiet)}
.note{background:var(--note);border:1px solid var(--note-line);border-radius:10px;padding:12px 16px;margin:22px 0;max-width:none}
.numbers{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:12px;margin:26px 0 0;padding:0}
.numbers div{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:12px 16px}
.numbers dt{color:var(--quiet);font-size:13px}
.numbers dd{margin:2px 0 0;font-size:24px;font-weight:600;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.numbers small{display:block;color:var(--quiet);font-size:13px;font-weight:400;letter-spacing:0}
figure{margin:16px 0;background:var(--card);border:1px solid var(--line);border-radius:12px;padding:16px 18px}
figcaption{display:flex;flex-wrap:wrap;gap:4px 16px;align-items:baseline;justify-content:space-between;margin-bottom:10px}
figcaption span{font-size:13px}
.legend{display:flex;flex-wrap:wrap;gap:4px 16px}
.key::before{content:"";display:inline-block;width:16px;height:0;border-top:3px solid;vertical-align:middle;margin-right:6px}
.key.raw::before{color:var(--soft)}.key.smooth::before,.key.plain::before{color:var(--accent)}
.key.held-out::before{color:var(--warm)}.key.baseline::before{color:var(--quiet);border-top-style:dashed;border-top-width:2px}
.plot{position:relative}
svg{display:block;width:100%;height:auto}
.plot path{fill:none;stroke-width:2;stroke-linejoin:round}
path.raw{stroke:var(--soft);stroke-width:1.2!important}path.smooth,path.plain{stroke:var(--accent)}
path.held-out{stroke:var(--warm)}circle.held-out{fill:var(--warm)}
path.baseline{stroke:var(--quiet);stroke-dasharray:5 5;stroke-width:1.5!important}
.grid{stroke:var(--line)}.cursor{stroke:var(--quiet);stroke-dasharray:2 3}
.tick{fill:var(--quiet);font-size:12px;font-variant-numeric:tabular-nums}
.readout{position:absolute;top:6px;pointer-events:none;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:6px 10px;
font-size:13px;line-height:1.4;white-space:pre;font-variant-numeric:tabular-nums;box-shadow:0 2px 10px #0002}
.strip{display:grid;grid-template-columns:84px 1fr;gap:12px;align-items:center;margin-top:6px}
.strip>span{color:var(--quiet);font-size:13px;line-height:1.25}
.frames{display:grid;grid-auto-flow:column;grid-auto-columns:1fr;gap:4px}
.frame{aspect-ratio:1;border-radius:3px;overflow:hidden}
.masked{fill:var(--card);opacity:.88}
.confusion{overflow-x:auto}.confusion svg{max-width:860px;min-width:320px}
.confusion text{fill:var(--ink);font-size:12px;font-variant-numeric:tabular-nums}.confusion .count{text-anchor:middle}
.confusion rect{stroke:var(--line);stroke-width:.5}
.right{color:var(--accent)}.wrong{color:var(--warm)}
table{border-collapse:collapse;font-size:14px;width:100%;max-width:760px}
td,th{text-align:left;padding:6px 14px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
td.number{font-variant-numeric:tabular-nums;white-space:nowrap}
pre{background:var(--code);border-radius:10px;padding:12px 16px;overflow:auto;font:13px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;margin:6px 0 16px}
code{white-space:nowrap;font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.92em}
details summary{cursor:pointer;color:var(--quiet)}
@media (max-width:640px){main{padding:28px 14px 60px}.strip{grid-template-columns:1fr;gap:4px}}
@media print{figure,.numbers div{break-inside:avoid}}
`;
