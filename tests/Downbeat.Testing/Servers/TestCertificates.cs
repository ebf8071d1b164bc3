using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Downbeat.Testing.Servers;

/// <summary>An authority of its own, and a certificate that it signed for this machine.</summary>
public sealed class TestCertificates : IDisposable
{
    readonly string file = Path.Combine(Path.GetTempPath(), $"downbeat-ca-{Guid.NewGuid():N}.pem");

    /// <summary>Makes both.</summary>
    public TestCertificates()
    {
        using var caKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var ca = new CertificateRequest("CN=Downbeat tests", caKey, HashAlgorithmName.SHA256);
        ca.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        ca.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign, true));
        var (from, until) = (DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(7));
        using var authority = ca.CreateSelfSigned(from, until);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var server = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        server.CertificateExtensions.Add(names.Build());
        server.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new("1.3.6.1.5.5.7.3.1")], false));
        using var signed = server.Create(authority, from, until, [1, 2, 3, 4]);
        using var withKey = signed.CopyWithPrivateKey(key);
        Server = X509CertificateLoader.LoadPkcs12(withKey.Export(X509ContentType.Pkcs12), null);
        File.WriteAllText(file, authority.ExportCertificatePem());
    }

    /// <summary>The certificate of the server.</summary>
    public X509Certificate2 Server { get; }

    /// <summary>A file with the authority, in PEM.</summary>
    public string CaFile => file;

    /// <inheritdoc/>
    public void Dispose()
    {
        Server.Dispose();
        File.Delete(file);
    }
}
