import { start } from "./app.js";
import { startTips } from "./dom.js";
import { api } from "./pages/api.js";
import { artists } from "./pages/artists.js";
import { countries } from "./pages/countries.js";
import { data } from "./pages/data.js";
import { day } from "./pages/day.js";
import { genres } from "./pages/genres.js";
import { hours } from "./pages/hours.js";
import { tracks } from "./pages/tracks.js";

if (document.body.classList.contains("login")) {
    document.getElementById("wrong")!.hidden = !new URLSearchParams(location.search).has("wrong");
} else {
    startTips();
    void start([day, genres, hours, artists, tracks, countries, data, api]);
}
