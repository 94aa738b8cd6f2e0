/* Looks at a site in Chromium without a network, and reports what it sees as JSON on stdout.
   usage: node browse.cjs CHROMIUM SITE LONG   (LONG: a site whose tables have several parts) */
"use strict";
const fs = require("fs");
const path = require("path");
const { pathToFileURL } = require("url");
const { chromium } = require("playwright-core");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf-8");

const [executablePath, site, long] = process.argv.slice(2);
const TRACK = "tracks/brixia-severity--brixia-cohen--test.html";
const KINDS = [
  [site, "index.html"], [site, TRACK], [site, "tracks/brixia-severity--brixia-cohen--all.html"],
  [site, "tracks/brixia-severity--phantom--test.html"], [site, "submissions/alpha.html"],
  [site, "datasets/index.html"], [site, "datasets/cohen.html"], [site, "splits/index.html"],
  [site, "splits/danilov@published.html"], [site, "methods.html"], [site, "claims.html"],
  [long, "index.html"], [long, "index.2.html"], [long, TRACK], [long, TRACK.replace(".html", ".2.html")]
];

function pagesBelow(folder, below = "") {
  return fs.readdirSync(path.join(folder, below), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(below, entry.name);
    return entry.isDirectory() ? pagesBelow(folder, name) : name.endsWith(".html") ? [name] : [];
  });
}
const address = (folder, name, hash = "") => pathToFileURL(path.join(folder, name)).href + hash;

/* A page with a record of its errors and requests. */
async function open(context, seen) {
  const page = await context.newPage();
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) { seen.errors.push(message.text()); }
  });
  page.on("pageerror", (error) => seen.errors.push(error.message));
  page.on("request", (request) => {
    if (!/^(file|data|blob):/.test(request.url())) { seen.requests.push(request.url()); }
  });
  return page;
}

async function everyPage(browser) {
  const context = await browser.newContext({ offline: true });
  const pages = {};
  for (const name of pagesBelow(site)) {
    const seen = { errors: [], requests: [] };
    const page = await open(context, seen);
    await page.goto(address(site, name));
    seen.broken = await page.evaluate(() => Promise.all([...document.images].map((image) => {
      image.loading = "eager";
      return image.decode().then(() => null, () => image.getAttribute("src").slice(0, 80));
    })).then((all) => all.filter(Boolean)));
    seen.wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    pages[name] = seen;
    await page.close();
  }
  await context.close();
  return pages;
}

/* Serious and critical findings of axe, light and dark, and whether the page is wider than a telephone. */
async function everyKind(browser) {
  const kinds = [];
  for (const colorScheme of ["light", "dark"]) {
    const context = await browser.newContext({ offline: true, colorScheme });
    for (const [folder, name] of KINDS) {
      const page = await context.newPage();
      await page.goto(address(folder, name));
      await page.evaluate(axe);
      const { violations } = await page.evaluate((options) => window.axe.run(document, options),
        { resultTypes: ["violations"], ...(colorScheme === "dark" && { runOnly: ["color-contrast"] }) });
      const grave = violations.filter((violation) => ["serious", "critical"].includes(violation.impact));
      await page.setViewportSize({ width: 390, height: 844 });
      kinds.push({
        name, colorScheme, long: folder === long,
        grave: grave.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.target.join(" ")).join("; ")}`),
        phone: await page.evaluate(() => document.documentElement.scrollWidth)
      });
      await page.close();
    }
    await context.close();
  }
  return kinds;
}

const cellsOf = (table) => [...document.querySelector(table).tBodies].map((body) => [...body.rows]
  .filter((row) => !row.classList.contains("section"))
  .map((row) => [...row.cells].map((cell) => cell.textContent.trim().replace(/\s+/g, " "))));
const titles = (page, table = "#ranking") => page.evaluate(cellsOf, table)
  .then((bodies) => bodies.map((rows) => rows.map((row) => row[table === "#ranking" ? 1 : 0])));

/* Without scripts: every row on the pages of a long table. */
async function withoutScripts(browser) {
  const context = await browser.newContext({ offline: true, javaScriptEnabled: false });
  const page = await context.newPage();
  const tables = { ranking: [], overview: [], short: [] };
  const read = async (folder, name, table) => {
    await page.goto(address(folder, name));
    const rows = await page.locator(`${table} tbody tr:not(.section)`).all();
    return Promise.all(rows.map(async (row) => (await row.locator("th, td").allTextContents())
      .map((text) => text.trim().replace(/\s+/g, " "))));
  };
  const parts = (name) => pagesBelow(long)
    .filter((page) => page === `${name}.html` || new RegExp(`^${name}\\.\\d+\\.html$`).test(page));
  for (const name of parts("index")) { tables.overview.push(await read(long, name, "#overview")); }
  for (const name of parts(TRACK.slice(0, -5))) { tables.ranking.push(await read(long, name, "#ranking")); }
  tables.short = await read(site, TRACK, "#ranking");
  await context.close();
  return tables;
}

/* The file behind a download link: some kinds open in the browser, others are saved. */
async function exported(page, name) {
  const saved = page.waitForEvent("download", { timeout: 20000 }).then(async (file) => fs.readFileSync(await file.path(), "utf-8"));
  const opened = page.waitForURL((url) => decodeURIComponent(url.pathname).endsWith(name), { timeout: 20000 })
    .then(() => page.evaluate(() => document.body.textContent));
  const either = Promise.any([saved, opened]);
  await page.click(`.downloads a[href="${name}"]`);
  return either;
}

async function interaction(browser) {
  const context = await browser.newContext({ offline: true, acceptDownloads: true });
  const seen = { errors: [], requests: [] }, page = await open(context, seen), report = { seen };
  const hash = () => page.evaluate(() => location.hash);
  await page.goto(address(long, TRACK));
  await page.click(".pager button:last-child");
  report.filled = (await page.evaluate(cellsOf, "#ranking")).flat();
  await page.click("#ranking button[data-key=zone_pearson]");
  report.sorted = { hash: await hash(), titles: await titles(page), status: await page.textContent("#status") };
  await page.click(".pager button:last-child");
  report.turned = { hash: await hash(), titles: await titles(page), text: await page.textContent(".pager span") };
  const again = await open(context, seen);
  await again.goto(page.url());
  report.again = { titles: await titles(again), order: await again.getAttribute("th:has(button[data-key=zone_pearson])", "aria-sort") };
  await again.close();
  await page.fill("#filter", "system 0007");
  report.filtered = { hash: await hash(), titles: await titles(page), status: await page.textContent("#status") };
  await page.fill("#filter", "nothing has this");
  report.none = { titles: await titles(page), text: await page.textContent(".pager span") };
  await page.goto(address(long, TRACK.replace(".html", ".2.html")));
  await page.click("#ranking button[data-key=zone_pearson]");
  await page.waitForURL(/test\.html#/);
  report.fromPart = { hash: await hash(), titles: await titles(page) };

  await page.goto(address(site, TRACK));
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  report.theme = [await background()];
  await page.click("#theme");
  report.theme.push(await background());
  await page.goto(address(site, "methods.html"));
  report.theme.push(await background());
  await page.goto(address(site, TRACK));
  report.downloads = {};
  const names = await page.locator(".downloads a").evaluateAll((links) => links.map((link) => link.getAttribute("href")));
  for (const name of names) {
    await page.goto(address(site, TRACK));
    report.downloads[name] = await exported(page, name);
  }
  await page.goto(address(site, TRACK));
  await page.keyboard.press("Tab");
  report.firstFocus = await page.evaluate(() => document.activeElement.textContent);
  await page.emulateMedia({ media: "print" });
  report.printed = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor,
    getComputedStyle(document.querySelector("nav")).display, getComputedStyle(document.querySelector(".scroll")).overflowX]);
  await context.close();
  return report;
}

(async () => {
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--disable-gpu"] });
  const wanted = { everyPage, everyKind, withoutScripts, interaction };
  const chosen = process.argv[5] ? [process.argv[5]] : Object.keys(wanted);
  const reports = {};
  for (const name of chosen) { reports[name] = await wanted[name](browser); }
  await browser.close();
  process.stdout.write(JSON.stringify(reports));
})().catch((error) => { process.stderr.write(String(error.stack)); process.exit(1); });
