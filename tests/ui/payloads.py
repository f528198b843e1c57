"""Over a thousand ways to smuggle markup into text: what breaks out, what runs, what hides it."""

from __future__ import annotations

from itertools import product

BREAKING_OUT = (
    "", '"', "'", '">', "'>", "-->", "</p>", "</bdi></summary></details>", "</article></div></span>", "\n\n",
    "```\n", "```mermaid\n", "$$", "\\[", "[1]", "⟨unverified: ", "**", "- ", "# ", "> ", "    ", "<!--", "]]>",
    "</title>", "\x00", "\u202e", "\x1b[2J",
)  # fmt: skip
RUNNING = (
    "<img src=x onerror=window.hacked=1>", "<script>window.hacked=1</script>", "<svg/onload=window.hacked=1>",
    "<scr<script>ipt>window.hacked=1</script>", "<iframe srcdoc='<script>parent.hacked=1</script>'></iframe>",
    "<a href=javascript:window.hacked=1>x</a>", "[x](javascript:window.hacked=1)", "![x](https://evil.example/i)",
    "<style>@import 'https://evil.example/c'</style>", "<link rel=stylesheet href=https://evil.example/c>",
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>", "<base href=https://evil.example/>",
    "<form action=https://evil.example/><input autofocus onfocus=window.hacked=1></form>",
    "<details open ontoggle=window.hacked=1>", "<video src=https://evil.example/v autoplay>",
    "<math><mi xlink:href=javascript:window.hacked=1>x</mi></math>", "<p style=background:url(//evil.example/b)>",
    "<object data=https://evil.example/o></object>", "<embed src=https://evil.example/e>",
    "&lt;img src=x onerror=window.hacked=1&gt;", "&#60;script&#62;window.hacked=1&#60;/script&#62;",
    "{{constructor.constructor('window.hacked=1')()}}", "${window.hacked=1}", "<template><img src=x onerror=window.hacked=1>",
    "<x onclick=window.hacked=1 id=question>click</x>", "<button class=copy>x</button>", "<span id=announcer>",
    "<a class=cite href=#turn-1-source-9>[9]</a>", "<https://evil.example/auto>", "https://evil.example/bare",
    "[x]: https://evil.example/ref\n[x]", "<noscript><p title='</noscript><img src=x onerror=window.hacked=1>'>",
    "<textarea></textarea><img src=x onerror=window.hacked=1>", "%%%LATEX_BLOCK_0%%%", "<img\nsrc=x\nonerror\n=window.hacked=1>",
    "<ｓcript>window.hacked=1</ｓcript>", "\\<img src=x onerror=window.hacked=1\\>", "<IMG SRC=x OnErRoR=window.hacked=1>",
)  # fmt: skip

PAYLOADS = [before + running for before, running in product(BREAKING_OUT, RUNNING)]
