// Keeps a page of the dashboard current: replaces its inside by what the coordinator sends, and lets every age grow in between.
"use strict";
(() => {
    const main = document.getElementById("main");
    const news = document.getElementById("news");
    const silence = 25; // seconds without a word before the page says so
    let arrived = performance.now();
    let opened = 0;

    const seconds = () => (performance.now() - arrived) / 1000;

    const words = (age) => {
        if (age < 60) return `${Math.floor(age)} s`;
        if (age < 3600) return `${Math.floor(age / 60)} min`;
        if (age < 172800) return `${Math.floor(age / 3600)} h`;
        return `${Math.floor(age / 86400)} d`;
    };

    const grow = () => {
        const since = seconds();
        for (const place of main.querySelectorAll("[data-age]")) {
            place.textContent = words(Number(place.dataset.age) + since);
        }
        const silent = since > silence;
        if (silent) news.textContent = `No news from the coordinator for ${words(since)}. What stands here is as old as it says.`;
        if (news.hidden === silent) news.hidden = !silent;
        main.classList.toggle("stale", silent);
    };

    // What the server opened and what the reader opened or closed since: the reader's choice is kept.
    const remember = (place) => {
        for (const part of place.querySelectorAll("details[id]")) part.dataset.sent = part.open;
    };

    const replace = (html) => {
        const chosen = new Map();
        for (const part of main.querySelectorAll("details[id]")) {
            if (String(part.open) !== part.dataset.sent) chosen.set(part.id, part.open);
        }
        const focused = document.activeElement?.closest("details[id]")?.id;
        const fresh = document.createElement("template");
        fresh.innerHTML = html;
        remember(fresh.content);
        for (const part of fresh.content.querySelectorAll("details[id]")) {
            if (chosen.has(part.id)) part.open = chosen.get(part.id);
        }
        main.replaceChildren(fresh.content);
        if (focused) document.getElementById(focused)?.querySelector("summary")?.focus({ preventScroll: true });
        arrived = performance.now();
        grow();
    };

    remember(main);
    setInterval(grow, 1000);
    if (!main.dataset.live || !window.EventSource) return;

    const listen = () => {
        opened = performance.now();
        const source = new EventSource(main.dataset.live);
        source.addEventListener("status", (event) => replace(event.data));
        source.addEventListener("error", () => {
            if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
            source.close();
            setTimeout(listen, performance.now() - opened < 2000 ? 10000 : 3000);
        });
    };
    listen();
})();
