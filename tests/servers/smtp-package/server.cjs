// See tests/servers/smtp. Arguments: the folder, and the port that begins TLS by STARTTLS.
const fs = require("node:fs");
const path = require("node:path");
const { SMTPServer } = require("smtp-server");

const [directory, port] = [process.argv[2], Number(process.argv[3])];
let mails = 0;

function refuse(code, text) {
    return Object.assign(new Error(text), { responseCode: code });
}

function start(secure, port) {
    const server = new SMTPServer({
        secure,
        key: fs.readFileSync(path.join(directory, "server.key")),
        cert: fs.readFileSync(path.join(directory, "server.crt")),
        authMethods: ["PLAIN", "LOGIN"],
        closeTimeout: 1,
        onAuth(auth, session, done) {
            const isRight = auth.username === "downbeat" && auth.password === "secret of mail";
            done(isRight ? null : refuse(535, "5.7.8 Authentication credentials invalid"), { user: auth.username });
        },
        onRcptTo(address, session, done) {
            done(
                address.address.startsWith("gone") ? refuse(550, "5.1.1 No such user here")
                : address.address.startsWith("later") ? refuse(451, "4.7.1 Greylisted, try again later")
                : null,
            );
        },
        onData(stream, session, done) {
            const chunks = [];
            stream.on("data", (chunk) => chunks.push(chunk));
            stream.on("end", () => {
                const mail = {
                    from: session.envelope.mailFrom.address,
                    to: session.envelope.rcptTo.map((to) => to.address),
                    user: session.user,
                    secure: session.secure,
                    data: Buffer.concat(chunks).toString("latin1"),
                };
                const file = path.join(directory, "mails", String(++mails).padStart(6, "0") + ".json");
                fs.writeFileSync(file + ".tmp", JSON.stringify(mail));
                fs.renameSync(file + ".tmp", file);
                done();
            });
        },
    });
    server.on("error", (error) => console.error(error.message)); // Of connections that break off.
    return new Promise((resolve) => server.listen(port, "127.0.0.1", () => resolve(server)));
}

(async () => {
    let servers = [await start(false, port), await start(true, 0)];
    const ports = servers.map((server) => server.server.address().port);
    console.log(`ready ${ports[1]}`);
    let isChanging = false;
    setInterval(async () => {
        const isDown = fs.existsSync(path.join(directory, "down"));
        if (isChanging || isDown === (servers.length === 0)) {
            return;
        }

        isChanging = true;
        if (isDown) {
            await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
            servers = [];
        } else {
            servers = [await start(false, ports[0]), await start(true, ports[1])];
        }

        fs.writeFileSync(path.join(directory, "is"), isDown ? "down" : "up");
        isChanging = false;
    }, 20);
})();
