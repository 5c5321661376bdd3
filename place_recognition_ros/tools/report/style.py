"""The look of the report: light and dark, for a screen of any width, and for paper."""

LIGHT = (
    "--paper:#fff;--wash:#f4f6f8;--band:#eceff3;--ink:#161a1f;--soft:#5a6572;--line:#dfe4ea;--accept:#1660cf;--good:#0c7d58;"
    "--bad:#cc3318;--warn:#b26a00;--retract:#7a45c9;--other:#98a4b3;--shadow:#00000022;--ring:#f26a00;--miss:#d4149c;"
    "--s0:#1f5fa8;--s1:#3f9bd1;--s2:#7ac7c4;--s3:#f0b14a;--s4:#c98bb9;--s5:#b8c0ca"
)
DARK = (
    "--paper:#0f1317;--wash:#181d23;--band:#1f262e;--ink:#e7ebf0;--soft:#9aa6b4;--line:#2b333c;--accept:#6eabff;--good:#45c896;"
    "--bad:#ff7a61;--warn:#eab04e;--retract:#b98ff2;--other:#66717f;--shadow:#ffffff1c;--ring:#ff9a3d;--miss:#ff6fcf;"
    "--s0:#3f7fcb;--s1:#5fb3e6;--s2:#86d6d2;--s3:#f3bd62;--s4:#d69fc8;--s5:#5d6874"
)

CSS = (
    ":root{color-scheme:light dark;" + LIGHT + "}"
    "@media screen and (prefers-color-scheme:dark){:root{" + DARK + "}"
    ".behind{filter:invert(1) hue-rotate(180deg)}}"
    """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",
Roboto,"Helvetica Neue","Noto Sans","DejaVu Sans",Arial,sans-serif;font-variant-numeric:tabular-nums}
main,header>div,footer{max-width:70rem;margin:0 auto;padding:0 1.5rem}
header{background:var(--wash);border-bottom:1px solid var(--line);padding:2.2rem 0 1.6rem}
header small{color:var(--soft);letter-spacing:.06em;text-transform:uppercase;font-size:.75rem;
font-weight:600}
h1{font-size:clamp(1.5rem,4vw,2.1rem);line-height:1.2;margin:.3rem 0 .4rem;font-weight:680;
overflow-wrap:anywhere}
h2{font-size:1.35rem;line-height:1.25;margin:0 0 .3rem;font-weight:660}
h3{font-size:1rem;margin:2rem 0 .3rem;font-weight:640}
p{margin:.3rem 0 .8rem;max-width:46rem}
header p{color:var(--soft);margin:0;overflow-wrap:anywhere}
a{color:var(--accept)}
section{padding:2.4rem 0 .6rem;border-bottom:1px solid var(--line)}
section:last-of-type{border:0}
.tiles{display:flex;flex-wrap:wrap;gap:1px;margin:1.6rem 0 0;
background:var(--line);border:1px solid var(--line);border-radius:10px;overflow:hidden}
.tile{flex:1 1 8.2rem;background:var(--paper);padding:.8rem 1rem}
.tile b{display:block;font-size:1.65rem;line-height:1.2;font-weight:660;letter-spacing:-.01em}
.tile span{color:var(--soft);font-size:.83rem;line-height:1.3;display:block}
.tile.accepted b{color:var(--accept)}
.tile.right b{color:var(--good)}
.tile.wrong b{color:var(--bad)}
.tile.retracted b{color:var(--retract)}
nav{display:flex;flex-wrap:wrap;gap:.2rem 1.3rem;margin-top:1.2rem;font-size:.9rem}
ul.summary{padding-left:1.1rem;margin:.4rem 0 1rem;max-width:48rem}
ul.summary li{margin:.25rem 0}
figure{margin:1.2rem 0 1.6rem}
figcaption{color:var(--soft);font-size:.9rem;max-width:46rem}
.plot{position:relative;margin:2rem .8rem 2.1rem 3.1rem}
.plot svg{position:absolute;inset:0;width:100%;height:100%;overflow:visible}
.behind{position:absolute;inset:0;width:100%;height:100%;image-rendering:pixelated;
border:1px solid var(--line)}
.matrix{max-width:36rem}
.matrix .plot{margin-top:1rem}
.tick,.axis,.rule{position:absolute;font-size:.75rem;line-height:1;color:var(--soft);white-space:nowrap}
.tick.x{top:calc(100% + .45rem);transform:translateX(-50%)}
.tick.y{right:calc(100% + .5rem);transform:translateY(-50%)}
.axis.x{right:0;top:calc(100% + 1.55rem)}
.axis.y{left:0;bottom:calc(100% + .55rem)}
.rule{left:.3rem;transform:translateY(-130%);color:var(--warn)}
path{fill:none}
.line,.dots{vector-effect:non-scaling-stroke}
.line{stroke:var(--ink);stroke-width:1.5px;stroke-linejoin:round;stroke-linecap:round}
.grid{stroke:var(--line);stroke-width:1px}
.limit{stroke:var(--warn);stroke-width:1px;stroke-dasharray:5 4}
.dots{stroke-linecap:round;stroke-width:7px;stroke:var(--ink)}
.dots.other{stroke:var(--other);stroke-width:4px}
.dots.accepted,.line.accepted{stroke:var(--accept)}
.dots.right,.line.right{stroke:var(--good)}
.dots.wrong,.line.wrong{stroke:var(--bad)}
.dots.earlier{stroke:var(--retract)}
.dots.here{stroke:var(--ink);stroke-width:13px}
.dots.ring{stroke:var(--ring);stroke-width:3.5px}
.dots.ring.wrong{stroke:var(--miss);stroke-width:6px}
.line.verified{stroke:var(--accept);stroke-width:2.5px}
.line.similar{stroke:var(--other);stroke-width:2px}
.loop{stroke-width:1.2px;opacity:.75}
.loop.wrong{stroke-width:2.2px;opacity:1}
rect.session{fill:var(--band)}
.stage0{fill:var(--s0)}
.stage1{fill:var(--s1)}
.stage2{fill:var(--s2)}
.stage3{fill:var(--s3)}
.stage4{fill:var(--s4)}
.stage5{fill:var(--s5)}
.scene{position:relative;max-height:44rem;margin:1rem 0}
.scene svg{position:absolute;inset:0;width:100%;height:100%}
.shadow{stroke:var(--shadow);stroke-width:4px}
.rim{stroke:var(--paper);stroke-width:7px}
.path{stroke-width:4px}
.end{stroke:var(--ink);stroke-width:9px}
.mark{position:absolute;font-size:.8rem;font-weight:640;line-height:1;padding:.1rem .3rem;
border-radius:3px;background:var(--paper);transform:translate(.6rem,-50%)}
.mark.right{transform:translate(calc(-100% - .6rem),-50%)}
.scale{position:absolute;right:0;bottom:0;border:solid var(--soft);border-width:0 1px 2px;
text-align:center;font-size:.75rem;color:var(--soft);line-height:1.5}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.83rem;color:var(--soft);margin:0 0 .6rem;
max-width:none}
.legend i{display:inline-block;width:.7rem;height:.7rem;border-radius:50%;margin-right:.4rem;
background:var(--ink);vertical-align:-.05rem}
.legend i.ramp{width:7rem;border-radius:2px;margin:0 .5rem}
i.other{background:var(--other)}i.earlier{background:var(--retract)}i.session{background:var(--band);border-radius:2px}
i.accepted,i.verified{background:var(--accept)}
i.right{background:var(--good)}
i.wrong{background:var(--bad)}
i.similar{background:var(--other)}
i.ring{background:var(--ring)}i.ring.wrong{background:var(--miss)}
.legend i.verified,.legend i.similar{height:.2rem;width:1.1rem;border-radius:0;vertical-align:.22rem}
.legend i.time{width:4rem;border-radius:2px;background:linear-gradient(90deg,#4856be,#2191b4,#3cb978,
#becd3c,#f5aa28)}
i.stage0{background:var(--s0)}
i.stage1{background:var(--s1)}
i.stage2{background:var(--s2)}
i.stage3{background:var(--s3)}
i.stage4{background:var(--s4)}
i.stage5{background:var(--s5)}
.legend i[class^=stage]{border-radius:2px}
.pairs{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,29rem),1fr));gap:1.4rem;
margin:1.2rem 0 1.8rem}
.pair{margin:0;break-inside:avoid}
.pair svg{display:block;width:100%;height:auto;border-radius:6px;background:var(--wash)}
.pair figcaption{padding:.45rem .1rem 0 .7rem;margin-top:.5rem;border-left:3px solid var(--line);
line-height:1.4}
.pair figcaption b{color:var(--ink)}
.pair figcaption p{margin:.1rem 0 0}
.pair .note{color:var(--ink)}
.pair.accepted figcaption{border-color:var(--accept)}
.pair.right figcaption{border-color:var(--good)}
.pair.wrong figcaption{border-color:var(--bad)}
.pair.retracted figcaption{border-color:var(--retract)}
.pair.missed figcaption{border-color:var(--warn)}
.fits path{stroke-width:1.4;opacity:.85}
.points{stroke:#fff;stroke-width:3.6;stroke-linecap:round;opacity:.9}
.scroll{overflow-x:auto}
table{border-collapse:collapse;margin:.8rem 0 1.4rem;font-size:.92rem;min-width:min(100%,24rem)}
th,td{text-align:left;padding:.38rem 1.2rem .38rem 0;border-bottom:1px solid var(--line);vertical-align:top}
th{font-weight:600;color:var(--soft);font-size:.83rem}
td.n,th.n{text-align:right;white-space:nowrap}
code{font:.88em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;
overflow-wrap:anywhere}
.none{background:var(--wash);border-radius:8px;padding:.9rem 1.1rem;max-width:46rem}
footer{color:var(--soft);font-size:.85rem;padding-top:1.2rem;padding-bottom:3rem}
@media(max-width:40rem){main,header>div,footer{padding-left:1rem;padding-right:1rem}
body{font-size:15px}
.tile{padding:.6rem .75rem}
.tile b{font-size:1.35rem}
.tile{flex-basis:6.4rem}
.dots.other{stroke-width:3px}
.dots{stroke-width:5px}
.path{stroke-width:3px}
.rim{stroke-width:5px}
.fits path{stroke-width:2.2}
td,th{padding-right:.8rem}
}
@page{margin:14mm}
@media print{body{font-size:10.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
nav{display:none}
header{background:none;padding-top:0}
section{padding:1rem 0 .2rem}
p,figure,.plot,.tiles,table{break-inside:avoid}
h2,h3,h2+p,h3+p{break-after:avoid}
figure{padding-top:1.2rem}
.pairs{grid-template-columns:1fr 1fr;gap:.8rem}
main,header>div,footer{max-width:none;padding:0}
.scene{max-height:17cm}
.matrix{max-width:12cm}
}
"""
)
