using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Downbeat.Dashboard.Api;

namespace Downbeat.Dashboard.Safety;

/// <summary>
/// Who may ask. Where there is a token, who sends it: as a bearer, or as the cookie that the login page gives for it. Where there
/// is none and only this machine can ask, who means this machine: a page elsewhere that makes its own name lead here
/// (DNS rebinding) does not.
/// </summary>
sealed class Access
{
    const string Cookie = "downbeat";
    const int MaxFormBytes = 4096;
    static readonly TimeSpan LoginLasts = TimeSpan.FromDays(30);

    readonly byte[]? tokenHash;
    readonly byte[] cookieKey;
    readonly bool checksHost;
    readonly TimeProvider clock;

    /// <summary>Knows what the options say.</summary>
    public Access(DashboardOptions options, TimeProvider clock)
    {
        tokenHash = options.Token is { } token ? Hash(token) : null;
        cookieKey = tokenHash is null ? [] : HMACSHA256.HashData(tokenHash, "downbeat cookie"u8); // Another token ends all logins.
        checksHost = options.Token is null && !options.IsPublic;
        this.clock = clock;
    }

    /// <summary>Whether there is a token to know.</summary>
    public bool NeedsToken => tokenHash is not null;

    /// <summary>Whether a request names this machine as the one that it is sent to.</summary>
    public bool MeansUs(HttpRequest request)
    {
        if (!checksHost)
        {
            return true;
        }

        var host = request.Host.Host.Trim('[', ']');
        return host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            || (IPAddress.TryParse(host, out var address) && IPAddress.IsLoopback(address));
    }

    /// <summary>Whether a request may be answered.</summary>
    public bool Admits(HttpRequest request)
    {
        if (tokenHash is null)
        {
            return true;
        }

        const string Bearer = "Bearer ";
        var authorization = request.Headers.Authorization.ToString();
        return authorization.StartsWith(Bearer, StringComparison.OrdinalIgnoreCase)
            ? IsToken(authorization[Bearer.Length..].Trim())
            : request.Cookies[Cookie] is { } cookie && IsCookie(cookie);
    }

    /// <summary>Takes the form of the login page: the right token gives a cookie.</summary>
    public async Task LogInAsync(HttpContext context)
    {
        var next = context.Request.Query["next"].ToString();
        if (!context.Request.HasFormContentType || context.Request.ContentLength is null or > MaxFormBytes)
        {
            throw Problem.Wrong("Send the form of /login.");
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        if (tokenHash is null || !IsToken(form["token"].ToString().Trim()))
        {
            context.Response.Redirect("/login?wrong=1&next=" + Uri.EscapeDataString(next));
            return;
        }

        var ends = clock.GetUtcNow() + LoginLasts;
        var text = ends.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        context.Response.Cookies.Append(
            Cookie,
            $"{text}.{Sign(text)}",
            new()
            {
                HttpOnly = true,
                SameSite = SameSiteMode.Strict,
                Secure = context.Request.Headers["X-Forwarded-Proto"] == "https",
                Path = "/",
                Expires = ends,
            }
        );
        SeeOther(context, IsOwnPath(next) ? next : "/");
    }

    /// <summary>Takes the cookie back.</summary>
    public static Task LogOutAsync(HttpContext context)
    {
        context.Response.Cookies.Delete(
            Cookie,
            new()
            {
                Path = "/",
                SameSite = SameSiteMode.Strict,
                HttpOnly = true,
            }
        );
        SeeOther(context, "/login");
        return Task.CompletedTask;
    }

    /// <summary>Whether a text is a path of this server, and cannot lead elsewhere.</summary>
    public static bool IsOwnPath(string path) =>
        path.StartsWith('/')
        && !path.StartsWith("//", StringComparison.Ordinal)
        && path.All(letter => letter is > ' ' and < (char)127 and not '\\');

    static void SeeOther(HttpContext context, string path)
    {
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = path;
    }

    bool IsToken(string text) => CryptographicOperations.FixedTimeEquals(Hash(text), tokenHash);

    bool IsCookie(string cookie) =>
        cookie.Split('.') is [var ends, var signature]
        && CryptographicOperations.FixedTimeEquals(
            Encoding.UTF8.GetBytes(Sign(ends)),
            Encoding.UTF8.GetBytes(signature)
        )
        && long.TryParse(ends, NumberStyles.None, CultureInfo.InvariantCulture, out var second)
        && second > clock.GetUtcNow().ToUnixTimeSeconds();

    string Sign(string text) => Convert.ToHexStringLower(HMACSHA256.HashData(cookieKey, Encoding.UTF8.GetBytes(text)));

    // Of equal length, so that comparing takes as long whatever was sent.
    static byte[] Hash(string text) => SHA256.HashData(Encoding.UTF8.GetBytes(text));
}
