import eu.europa.esig.dss.model.FileDocument;
import eu.europa.esig.dss.service.crl.OnlineCRLSource;
import eu.europa.esig.dss.service.ocsp.OnlineOCSPSource;
import eu.europa.esig.dss.spi.DSSUtils;
import eu.europa.esig.dss.spi.validation.CommonCertificateVerifier;
import eu.europa.esig.dss.spi.x509.CommonTrustedCertificateSource;
import eu.europa.esig.dss.validation.SignedDocumentValidator;
import eu.europa.esig.dss.validation.reports.Reports;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Date;

/**
 * Lets EU DSS validate files under its own default policy, and writes its reports:
 * Validate FOLDER [TRUSTED...] -- {TIME online|offline FILE}...
 *
 * <p>For FILE number n, from 0, FOLDER then holds n.simple.xml and n.diagnostic.xml. Online, the responders
 * and lists that certificates name are asked; offline, what is in the file has to do.
 */
public final class Validate {
    public static void main(String[] arguments) throws Exception {
        CommonTrustedCertificateSource trusted = new CommonTrustedCertificateSource();
        int next = 1;
        for (; !arguments[next].equals("--"); next++) {
            trusted.addCertificate(DSSUtils.loadCertificate(new File(arguments[next])));
        }
        next++;
        for (int number = 0; next < arguments.length; number++, next += 3) {
            CommonCertificateVerifier verifier = new CommonCertificateVerifier();
            verifier.setTrustedCertSources(trusted);
            if (arguments[next + 1].equals("online")) {
                verifier.setOcspSource(new OnlineOCSPSource());
                verifier.setCrlSource(new OnlineCRLSource());
            }
            FileDocument document = new FileDocument(arguments[next + 2]);
            SignedDocumentValidator validator = SignedDocumentValidator.fromDocument(document);
            validator.setCertificateVerifier(verifier);
            validator.setValidationTime(Date.from(Instant.parse(arguments[next])));
            Reports reports = validator.validateDocument();
            Path folder = Path.of(arguments[0]);
            Files.writeString(folder.resolve(number + ".simple.xml"), reports.getXmlSimpleReport());
            Files.writeString(folder.resolve(number + ".diagnostic.xml"), reports.getXmlDiagnosticData());
        }
    }
}
