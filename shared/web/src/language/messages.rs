//! The one message file: every text that a page shows, in every language.
//!
//! A text that lacks a language does not compile, one that no page uses is reported as dead code,
//! and a placeholder that a language misspells is a compile error too. Texts carry no markup.

use super::Language;

/// Makes one method of [`Language`] per text; a text with placeholders takes them as arguments.
macro_rules! messages {
    ($($key:ident $(($($argument:ident),+))? {
        en: $en:literal, de: $de:literal, fr: $fr:literal, es: $es:literal $(,)?
    })+) => {
        impl Language {
            $(messages!(@method $key [$($($argument)+)?] $en $de $fr $es);)+
        }

        #[cfg(test)]
        const TEXTS: &[(&str, [&str; 4])] = &[$((stringify!($key), [$en, $de, $fr, $es])),+];
    };
    (@method $key:ident [] $en:literal $de:literal $fr:literal $es:literal) => {
        pub(crate) fn $key(self) -> &'static str {
            match self {
                Self::English => $en,
                Self::German => $de,
                Self::French => $fr,
                Self::Spanish => $es,
            }
        }
    };
    (@method $key:ident [$($argument:ident)+] $en:literal $de:literal $fr:literal $es:literal) => {
        pub(crate) fn $key(self, $($argument: impl std::fmt::Display),+) -> String {
            match self {
                Self::English => format!($en),
                Self::German => format!($de),
                Self::French => format!($fr),
                Self::Spanish => format!($es),
            }
        }
    };
}

messages! {
    // On every page.
    footer {
        en: "Sign-in without passwords, by Passerelle",
        de: "Anmeldung ohne Passwort, mit Passerelle",
        fr: "Connexion sans mot de passe, par Passerelle",
        es: "Inicio de sesión sin contraseñas, con Passerelle",
    }

    // Sign-in.
    sign_in_title {
        en: "Sign in",
        de: "Anmelden",
        fr: "Se connecter",
        es: "Iniciar sesión",
    }
    sign_in_lead {
        en: "Confirm that it is you with your passkey: fingerprint, face, PIN or security key.",
        de: "Bestätigen Sie mit Ihrem Passkey, dass Sie es sind: Fingerabdruck, Gesicht, PIN oder Sicherheitsschlüssel.",
        fr: "Confirmez votre identité avec votre clé d’accès : empreinte, visage, code PIN ou clé de sécurité.",
        es: "Confirme su identidad con su clave de acceso: huella, rostro, PIN o llave de seguridad.",
    }
    sign_in_as {
        en: "Signing in as",
        de: "Anmeldung als",
        fr: "Connexion en tant que",
        es: "Inicio de sesión como",
    }
    sign_in_button {
        en: "Sign in with a passkey",
        de: "Mit Passkey anmelden",
        fr: "Utiliser ma clé d’accès",
        es: "Entrar con una clave de acceso",
    }
    sign_in_phone {
        en: "Is your passkey on your phone? Choose the phone in the next window and scan the code.",
        de: "Ist Ihr Passkey auf dem Telefon? Wählen Sie im nächsten Fenster das Telefon und scannen Sie den Code.",
        fr: "Votre clé d’accès est sur votre téléphone ? Choisissez le téléphone dans la fenêtre suivante et scannez le code.",
        es: "¿Tiene la clave de acceso en el teléfono? Elija el teléfono en la ventana siguiente y escanee el código.",
    }
    sign_in_first_time {
        en: "First time here?",
        de: "Zum ersten Mal hier?",
        fr: "Première visite ?",
        es: "¿Es su primera vez aquí?",
    }
    sign_in_enrol {
        en: "Set up a passkey",
        de: "Passkey einrichten",
        fr: "Créer une clé d’accès",
        es: "Crear una clave de acceso",
    }

    // What a passkey page says while and after the browser asks.
    passkey_waiting {
        en: "Waiting for your passkey. Follow your browser’s window.",
        de: "Warten auf Ihren Passkey. Folgen Sie dem Fenster Ihres Browsers.",
        fr: "En attente de votre clé d’accès. Suivez la fenêtre de votre navigateur.",
        es: "Esperando su clave de acceso. Siga la ventana de su navegador.",
    }
    passkey_sending {
        en: "Thank you. One moment…",
        de: "Danke. Einen Augenblick…",
        fr: "Merci. Un instant…",
        es: "Gracias. Un momento…",
    }
    passkey_unsupported {
        en: "This browser or app cannot use passkeys. Open the application that you came from in an up-to-date browser and sign in there.",
        de: "Dieser Browser oder diese App kann keine Passkeys verwenden. Öffnen Sie die Anwendung, von der Sie kommen, in einem aktuellen Browser und melden Sie sich dort an.",
        fr: "Ce navigateur ou cette application ne prend pas en charge les clés d’accès. Ouvrez l’application d’origine dans un navigateur à jour et connectez-vous là.",
        es: "Este navegador o esta aplicación no admite claves de acceso. Abra la aplicación de la que viene en un navegador actualizado e inicie sesión allí.",
    }
    passkey_without_script {
        en: "A passkey needs scripts, and they are turned off here. Allow scripts for this site and reload the page, or open the application that you came from in another browser.",
        de: "Ein Passkey braucht Skripte, und diese sind hier ausgeschaltet. Erlauben Sie Skripte für diese Website und laden Sie die Seite neu, oder öffnen Sie die Anwendung, von der Sie kommen, in einem anderen Browser.",
        fr: "Une clé d’accès a besoin de scripts, et ils sont désactivés ici. Autorisez les scripts pour ce site et rechargez la page, ou ouvrez l’application d’origine dans un autre navigateur.",
        es: "Una clave de acceso necesita scripts, y aquí están desactivados. Permita los scripts en este sitio y recargue la página, o abra la aplicación de la que viene en otro navegador.",
    }

    // Signing in with Microsoft.
    microsoft_title {
        en: "Sign in with Microsoft",
        de: "Mit Microsoft anmelden",
        fr: "Se connecter avec Microsoft",
        es: "Iniciar sesión con Microsoft",
    }
    microsoft_signed_in {
        en: "You are signed in as",
        de: "Sie sind angemeldet als",
        fr: "Vous êtes connecté en tant que",
        es: "Ha iniciado sesión como",
    }
    microsoft_lead {
        en: "Type the work address of your Microsoft account. You sign in at Microsoft and come back here.",
        de: "Geben Sie die Arbeitsadresse Ihres Microsoft-Kontos ein. Sie melden sich bei Microsoft an und kommen hierher zurück.",
        fr: "Saisissez l’adresse professionnelle de votre compte Microsoft. Vous vous connectez chez Microsoft, puis revenez ici.",
        es: "Escriba la dirección de trabajo de su cuenta de Microsoft. Inicia sesión en Microsoft y vuelve aquí.",
    }
    microsoft_ask {
        en: "Continue",
        de: "Weiter",
        fr: "Continuer",
        es: "Continuar",
    }
    microsoft_leave {
        en: "The next page is Microsoft’s. You come back here by yourself.",
        de: "Die nächste Seite ist von Microsoft. Sie kommen von selbst hierher zurück.",
        fr: "La page suivante est celle de Microsoft. Vous reviendrez ici automatiquement.",
        es: "La página siguiente es de Microsoft. Volverá aquí automáticamente.",
    }
    microsoft_other {
        en: "Use another address",
        de: "Andere Adresse verwenden",
        fr: "Utiliser une autre adresse",
        es: "Usar otra dirección",
    }
    microsoft_circular(domain) {
        en: "Microsoft sends the sign-ins of {domain} to us, so it would send you straight back, and you would go in circles. Sign in with your passkey: open an application of your organization, such as Microsoft 365. Or use an account of another domain, such as one below onmicrosoft.com.",
        de: "Microsoft schickt die Anmeldungen von {domain} zu uns; Sie kämen gleich wieder zurück und gingen im Kreis. Melden Sie sich mit Ihrem Passkey an: Öffnen Sie eine Anwendung Ihrer Organisation, etwa Microsoft 365. Oder verwenden Sie ein Konto einer anderen Domäne, etwa unterhalb von onmicrosoft.com.",
        fr: "Microsoft nous envoie les connexions de {domain} : il vous renverrait aussitôt ici et vous tourneriez en rond. Connectez-vous avec votre clé d’accès en ouvrant une application de votre organisation, comme Microsoft 365. Ou utilisez un compte d’un autre domaine, par exemple sous onmicrosoft.com.",
        es: "Microsoft nos envía los inicios de sesión de {domain}; le devolvería aquí enseguida y daría vueltas en círculo. Inicie sesión con su clave de acceso: abra una aplicación de su organización, como Microsoft 365. O use una cuenta de otro dominio, por ejemplo de onmicrosoft.com.",
    }
    notice_back_from_microsoft {
        en: "You wanted to sign in with Microsoft, and Microsoft sent you here, because it sends all sign-ins of this domain to us. Use your passkey, or go back and take an account of another domain.",
        de: "Sie wollten sich mit Microsoft anmelden, und Microsoft hat Sie hierher geschickt, weil es alle Anmeldungen dieser Domäne zu uns schickt. Verwenden Sie Ihren Passkey, oder gehen Sie zurück und nehmen Sie ein Konto einer anderen Domäne.",
        fr: "Vous vouliez vous connecter avec Microsoft, et Microsoft vous a envoyé ici, car il nous envoie toutes les connexions de ce domaine. Utilisez votre clé d’accès, ou revenez en arrière et prenez un compte d’un autre domaine.",
        es: "Quería iniciar sesión con Microsoft y Microsoft le ha enviado aquí, porque nos envía todos los inicios de sesión de este dominio. Use su clave de acceso, o vuelva atrás y elija una cuenta de otro dominio.",
    }
    sign_in_over_title {
        en: "This sign-in is over",
        de: "Diese Anmeldung ist vorbei",
        fr: "Cette connexion est terminée",
        es: "Este inicio de sesión ha terminado",
    }
    sign_in_over_what {
        en: "It was used already, was declined at Microsoft, took longer than half an hour, or was never begun here. Nobody was signed in.",
        de: "Sie wurde schon verwendet, bei Microsoft abgelehnt, hat länger als eine halbe Stunde gedauert oder wurde nie hier begonnen. Niemand wurde angemeldet.",
        fr: "Elle a déjà servi, a été refusée chez Microsoft, a duré plus d’une demi-heure ou n’a jamais commencé ici. Personne n’a été connecté.",
        es: "Ya se usó, se rechazó en Microsoft, duró más de media hora o nunca empezó aquí. Nadie ha iniciado sesión.",
    }
    sign_in_over_next {
        en: "Begin again on the page for signing in with Microsoft.",
        de: "Beginnen Sie auf der Seite zum Anmelden mit Microsoft von vorn.",
        fr: "Recommencez depuis la page de connexion avec Microsoft.",
        es: "Empiece de nuevo en la página para iniciar sesión con Microsoft.",
    }
    account_unknown_title {
        en: "We do not know this account",
        de: "Wir kennen dieses Konto nicht",
        fr: "Nous ne connaissons pas ce compte",
        es: "No conocemos esta cuenta",
    }
    account_unknown_what {
        en: "You signed in at Microsoft, and nobody here has the account that you signed in with.",
        de: "Sie haben sich bei Microsoft angemeldet, und niemand hier hat das Konto, mit dem Sie sich angemeldet haben.",
        fr: "Vous vous êtes connecté chez Microsoft, et personne ici n’a le compte que vous avez utilisé.",
        es: "Ha iniciado sesión en Microsoft, y nadie aquí tiene la cuenta que ha usado.",
    }
    account_unknown_administrator {
        en: "At the first sign-in the user name here must be the account’s user principal name; from then on the account is known by its object id in the tenant. Guests are not recognised. The audit says what differs.",
        de: "Bei der ersten Anmeldung muss der Benutzername hier der Benutzerprinzipalname des Kontos sein; danach gilt seine Objekt-ID im Mandanten. Gäste werden nicht erkannt. Das Audit sagt, was nicht übereinstimmt.",
        fr: "À la première connexion, le nom d’utilisateur ici doit être le nom d’utilisateur principal du compte ; ensuite, le compte est reconnu par son identifiant d’objet dans le locataire. Les invités ne sont pas reconnus. L’audit indique ce qui diffère.",
        es: "En el primer inicio de sesión el nombre de usuario aquí debe ser el nombre principal de usuario de la cuenta; después la cuenta se conoce por su identificador de objeto en el inquilino. Los invitados no se reconocen. La auditoría dice qué difiere.",
    }
    microsoft_only_title {
        en: "You sign in with Microsoft",
        de: "Sie melden sich mit Microsoft an",
        fr: "Vous vous connectez avec Microsoft",
        es: "Usted inicia sesión con Microsoft",
    }
    microsoft_only_what {
        en: "People of your directory sign in with their Microsoft account. Passkeys, links and codes of this site are turned off for you.",
        de: "Personen Ihres Verzeichnisses melden sich mit ihrem Microsoft-Konto an. Passkeys, Links und Codes dieser Website sind für Sie ausgeschaltet.",
        fr: "Les personnes de votre annuaire se connectent avec leur compte Microsoft. Les clés d’accès, liens et codes de ce site sont désactivés pour vous.",
        es: "Las personas de su directorio inician sesión con su cuenta de Microsoft. Las claves de acceso, los enlaces y los códigos de este sitio están desactivados para usted.",
    }
    microsoft_only_next {
        en: "Sign in at Microsoft with your account. If Microsoft sent you here, ask your administrator: you would go in circles.",
        de: "Melden Sie sich bei Microsoft mit Ihrem Konto an. Wenn Microsoft Sie hierher geschickt hat, fragen Sie Ihre Administration: Sie gingen im Kreis.",
        fr: "Connectez-vous chez Microsoft avec votre compte. Si Microsoft vous a envoyé ici, demandez à votre administrateur : vous tourneriez en rond.",
        es: "Inicie sesión en Microsoft con su cuenta. Si Microsoft le envió aquí, pregunte a su administrador: daría vueltas en círculo.",
    }
    microsoft_only_administrator {
        en: "Microsoft sends this domain’s sign-ins here, and the user’s directory sends them to Microsoft. Put the user into a directory of passkeys, or give the account a name in a domain that Microsoft signs in itself.",
        de: "Microsoft schickt die Anmeldungen dieser Domäne hierher, und das Verzeichnis des Benutzers schickt sie zu Microsoft. Verschieben Sie den Benutzer in ein Verzeichnis mit Passkeys, oder geben Sie dem Konto einen Namen in einer Domäne, die Microsoft selbst anmeldet.",
        fr: "Microsoft envoie ici les connexions de ce domaine, et l’annuaire de l’utilisateur les envoie chez Microsoft. Placez l’utilisateur dans un annuaire à clés d’accès, ou donnez au compte un nom dans un domaine que Microsoft connecte lui-même.",
        es: "Microsoft envía aquí los inicios de sesión de este dominio, y el directorio del usuario los envía a Microsoft. Ponga al usuario en un directorio de claves de acceso, o dé a la cuenta un nombre en un dominio en el que Microsoft inicie la sesión.",
    }
    passkey_only_title {
        en: "You sign in with a passkey",
        de: "Sie melden sich mit einem Passkey an",
        fr: "Vous vous connectez avec une clé d’accès",
        es: "Usted inicia sesión con una clave de acceso",
    }
    passkey_only_what {
        en: "Microsoft says who you are, but people of your directory do not sign in here with Microsoft.",
        de: "Microsoft sagt, wer Sie sind, aber Personen Ihres Verzeichnisses melden sich hier nicht mit Microsoft an.",
        fr: "Microsoft dit qui vous êtes, mais les personnes de votre annuaire ne se connectent pas ici avec Microsoft.",
        es: "Microsoft dice quién es usted, pero las personas de su directorio no inician sesión aquí con Microsoft.",
    }
    passkey_only_next {
        en: "Open the application that you want to use, such as Microsoft 365, and sign in with your passkey.",
        de: "Öffnen Sie die Anwendung, die Sie verwenden möchten, etwa Microsoft 365, und melden Sie sich mit Ihrem Passkey an.",
        fr: "Ouvrez l’application que vous voulez utiliser, comme Microsoft 365, et connectez-vous avec votre clé d’accès.",
        es: "Abra la aplicación que quiere usar, como Microsoft 365, e inicie sesión con su clave de acceso.",
    }

    // The connection to Entra, and what ends on the way there.
    connection_title {
        en: "Connection to Microsoft Entra",
        de: "Verbindung zu Microsoft Entra",
        fr: "Connexion à Microsoft Entra",
        es: "Conexión con Microsoft Entra",
    }
    connection_none {
        en: "Your organization is not connected yet. Begin with the consent to read users.",
        de: "Ihre Organisation ist noch nicht verbunden. Beginnen Sie mit der Zustimmung zum Lesen der Benutzer.",
        fr: "Votre organisation n’est pas encore connectée. Commencez par le consentement à la lecture des utilisateurs.",
        es: "Su organización aún no está conectada. Empiece por el consentimiento para leer usuarios.",
    }
    connection_awaiting_role {
        en: "You signed in, but Microsoft does not tell us whether you may consent for the tenant. In the application’s registration open Token configuration, add a groups claim, choose Directory roles, and ask for the consent again.",
        de: "Sie haben sich angemeldet, aber Microsoft sagt uns nicht, ob Sie für den Mandanten zustimmen dürfen. Öffnen Sie in der Registrierung der Anwendung die Tokenkonfiguration, fügen Sie einen Gruppenanspruch hinzu, wählen Sie Verzeichnisrollen und bitten Sie noch einmal um die Zustimmung.",
        fr: "Vous vous êtes connecté, mais Microsoft ne nous dit pas si vous pouvez consentir pour le locataire. Dans l’inscription de l’application, ouvrez Configuration du jeton, ajoutez une revendication de groupes, choisissez Rôles d’annuaire et redemandez le consentement.",
        es: "Ha iniciado sesión, pero Microsoft no nos dice si puede dar el consentimiento para el inquilino. En el registro de la aplicación abra Configuración de token, agregue una notificación de grupos, elija Roles de directorio y vuelva a pedir el consentimiento.",
    }
    connection_overdue {
        en: "Microsoft mostly knows of a consent after seconds. In Entra, see under Enterprise applications → Passerelle → Permissions whether it is there, and whether the application is enabled. Then consent once more below.",
        de: "Microsoft kennt eine Zustimmung meist nach Sekunden. Sehen Sie in Entra unter Unternehmensanwendungen → Passerelle → Berechtigungen nach, ob sie da ist und ob die Anwendung aktiviert ist. Stimmen Sie dann unten noch einmal zu.",
        fr: "Microsoft connaît le plus souvent un consentement après quelques secondes. Dans Entra, voyez sous Applications d’entreprise → Passerelle → Autorisations s’il est là, et si l’application est activée. Consentez ensuite encore une fois ci-dessous.",
        es: "Microsoft suele conocer un consentimiento tras unos segundos. En Entra, vea en Aplicaciones empresariales → Passerelle → Permisos si está, y si la aplicación está habilitada. Después consienta otra vez abajo.",
    }
    connection_awaiting_token {
        en: "Authorised. Until the consent is known everywhere at Microsoft, a few minutes may pass; this page looks again by itself.",
        de: "Autorisiert. Bis die Zustimmung bei Microsoft überall bekannt ist, können einige Minuten vergehen; diese Seite sieht von selbst wieder nach.",
        fr: "Autorisé. Quelques minutes peuvent passer avant que le consentement soit connu partout chez Microsoft ; cette page vérifie d’elle-même.",
        es: "Autorizado. Pueden pasar unos minutos hasta que el consentimiento se conozca en todo Microsoft; esta página vuelve a mirar por sí sola.",
    }
    connection_connected {
        en: "Connected.",
        de: "Verbunden.",
        fr: "Connectée.",
        es: "Conectada.",
    }
    connection_lost {
        en: "The consent was taken back in Entra. Nobody loses access because of it. Consent again to go on.",
        de: "Die Zustimmung wurde in Entra zurückgenommen. Niemand verliert deshalb den Zugang. Stimmen Sie noch einmal zu, um fortzufahren.",
        fr: "Le consentement a été retiré dans Entra. Personne ne perd son accès pour autant. Consentez de nouveau pour continuer.",
        es: "El consentimiento se retiró en Entra. Nadie pierde el acceso por ello. Dé de nuevo el consentimiento para continuar.",
    }
    connection_unchecked(span) {
        en: "For {span} nobody has checked who left: whoever left Entra since then may still sign in here.",
        de: "Seit {span} wurde nicht geprüft, wer gegangen ist: Wer Entra seither verlassen hat, kann sich hier womöglich noch anmelden.",
        fr: "Depuis {span}, les départs ne sont plus vérifiés : qui a quitté Entra depuis peut encore se connecter ici.",
        es: "Desde hace {span} no se comprueba quién se fue: quien dejó Entra desde entonces quizá aún pueda iniciar sesión aquí.",
    }
    connection_consent_lost(at) {
        en: "This consent was taken back in Entra; we saw it at {at}. What it allowed rests until it is given again.",
        de: "Diese Zustimmung wurde in Entra zurückgenommen; gesehen haben wir es um {at}. Was sie erlaubte, ruht, bis sie wieder erteilt wird.",
        fr: "Ce consentement a été retiré dans Entra ; nous l’avons vu le {at}. Ce qu’il permettait est suspendu jusqu’à ce qu’il soit redonné.",
        es: "Este consentimiento se retiró en Entra; lo vimos el {at}. Lo que permitía queda en suspenso hasta que se vuelva a dar.",
    }
    connection_disconnected {
        en: "Disconnected. Users stay as they are. Consent again to go on.",
        de: "Getrennt. Benutzer bleiben, wie sie sind. Stimmen Sie noch einmal zu, um fortzufahren.",
        fr: "Déconnectée. Les utilisateurs restent tels quels. Consentez de nouveau pour continuer.",
        es: "Desconectada. Los usuarios quedan como están. Dé de nuevo el consentimiento para continuar.",
    }
    connection_circular(domain) {
        en: "Your own address is in {domain}, whose sign-ins Microsoft sends to us: while you consent, you will come by here and be asked for your passkey. If you have none yet, consent with an account below onmicrosoft.com.",
        de: "Ihre eigene Adresse gehört zu {domain}, deren Anmeldungen Microsoft zu uns schickt: Beim Zustimmen kommen Sie hier vorbei und werden nach Ihrem Passkey gefragt. Wenn Sie noch keinen haben, stimmen Sie mit einem Konto unterhalb von onmicrosoft.com zu.",
        fr: "Votre adresse appartient à {domain}, dont Microsoft nous envoie les connexions : en consentant, vous passerez par ici et votre clé d’accès vous sera demandée. Si vous n’en avez pas encore, consentez avec un compte sous onmicrosoft.com.",
        es: "Su propia dirección está en {domain}, cuyos inicios de sesión Microsoft nos envía: al dar el consentimiento pasará por aquí y se le pedirá su clave de acceso. Si aún no la tiene, use una cuenta de onmicrosoft.com.",
    }
    connection_tenant {
        en: "Tenant",
        de: "Mandant",
        fr: "Locataire",
        es: "Inquilino",
    }
    connection_domains {
        en: "Verified domains",
        de: "Bestätigte Domänen",
        fr: "Domaines vérifiés",
        es: "Dominios comprobados",
    }
    connection_authorised {
        en: "Authorised by",
        de: "Autorisiert von",
        fr: "Autorisée par",
        es: "Autorizada por",
    }
    connection_checked {
        en: "Last confirmed",
        de: "Zuletzt bestätigt",
        fr: "Dernière confirmation",
        es: "Última confirmación",
    }
    reading_title {
        en: "Reading the directory",
        de: "Lesen des Verzeichnisses",
        fr: "Lecture de l’annuaire",
        es: "Lectura del directorio",
    }
    reading_now {
        en: "Users are being read; this page looks again by itself.",
        de: "Benutzer werden gelesen; diese Seite sieht von selbst wieder nach.",
        fr: "Les utilisateurs sont en cours de lecture ; cette page vérifie d’elle-même.",
        es: "Se están leyendo los usuarios; esta página vuelve a mirar por sí sola.",
    }
    reading_failing {
        en: "Reading fails. Nobody loses access because of it, and it is tried again by itself.",
        de: "Das Lesen schlägt fehl. Niemand verliert deshalb den Zugang, und es wird von selbst wieder versucht.",
        fr: "La lecture échoue. Personne ne perd son accès pour autant, et elle est retentée d’elle-même.",
        es: "La lectura falla. Nadie pierde el acceso por ello, y se vuelve a intentar por sí sola.",
    }
    reading_failing_why {
        en: "Why",
        de: "Warum",
        fr: "Pourquoi",
        es: "Por qué",
    }
    reading_failing_times {
        en: "Failed in a row",
        de: "Fehlgeschlagen in Folge",
        fr: "Échecs de suite",
        es: "Fallos seguidos",
    }
    reading_failing_since {
        en: "Failing since",
        de: "Schlägt fehl seit",
        fr: "En échec depuis",
        es: "Falla desde",
    }
    reading_again_at {
        en: "Tried again at",
        de: "Nächster Versuch",
        fr: "Prochain essai",
        es: "Próximo intento",
    }
    reading_throttled {
        en: "Microsoft is busy and asked for time",
        de: "Microsoft ist ausgelastet und hat um Zeit gebeten",
        fr: "Microsoft est occupé et a demandé du temps",
        es: "Microsoft está ocupado y pidió tiempo",
    }
    reading_unavailable {
        en: "Microsoft does not answer, or not in time",
        de: "Microsoft antwortet nicht, oder nicht rechtzeitig",
        fr: "Microsoft ne répond pas, ou pas à temps",
        es: "Microsoft no responde, o no a tiempo",
    }
    reading_refused {
        en: "Microsoft refuses us; the third time in a row the consent counts as taken back",
        de: "Microsoft weist uns ab; beim dritten Mal in Folge gilt die Zustimmung als zurückgenommen",
        fr: "Microsoft nous refuse ; à la troisième fois de suite, le consentement compte comme retiré",
        es: "Microsoft nos rechaza; a la tercera vez seguida, el consentimiento se da por retirado",
    }
    reading_ours {
        en: "Something on our side, such as a certificate that Microsoft does not take: whoever operates this deployment finds it in the log",
        de: "Etwas bei uns, etwa ein Zertifikat, das Microsoft nicht annimmt: Wer diese Installation betreibt, findet es im Protokoll",
        fr: "Quelque chose de notre côté, comme un certificat que Microsoft n’accepte pas : qui exploite ce déploiement le trouve dans le journal",
        es: "Algo nuestro, como un certificado que Microsoft no acepta: quien opera esta instalación lo encuentra en el registro",
    }
    reading_age {
        en: "Time since then",
        de: "Seither vergangen",
        fr: "Temps écoulé depuis",
        es: "Tiempo transcurrido",
    }
    reading_pages {
        en: "Pages read",
        de: "Gelesene Seiten",
        fr: "Pages lues",
        es: "Páginas leídas",
    }
    reading_told {
        en: "Users told of",
        de: "Genannte Benutzer",
        fr: "Utilisateurs mentionnés",
        es: "Usuarios mencionados",
    }
    reading_made {
        en: "New here",
        de: "Neu hier",
        fr: "Nouveaux ici",
        es: "Nuevos aquí",
    }
    reading_changed {
        en: "Changed",
        de: "Geändert",
        fr: "Modifiés",
        es: "Cambiados",
    }
    reading_blocked {
        en: "Lost access",
        de: "Zugang verloren",
        fr: "Accès retiré",
        es: "Sin acceso",
    }
    reading_guests {
        en: "Guests, who sign in at home",
        de: "Gäste, die sich zu Hause anmelden",
        fr: "Invités, qui se connectent chez eux",
        es: "Invitados, que inician sesión en su casa",
    }
    reading_unanchored {
        en: "Without an anchor",
        de: "Ohne Anker",
        fr: "Sans ancre",
        es: "Sin ancla",
    }
    reading_bad_anchors {
        en: "With an anchor that cannot be asserted",
        de: "Mit einem Anker, der nicht bestätigt werden kann",
        fr: "Avec une ancre qui ne peut être attestée",
        es: "Con un ancla que no se puede afirmar",
    }
    reading_clashes {
        en: "With a name or an anchor of somebody else",
        de: "Mit dem Namen oder Anker von jemand anderem",
        fr: "Avec le nom ou l’ancre de quelqu’un d’autre",
        es: "Con el nombre o el ancla de otra persona",
    }
    reading_unread {
        en: "Left out because Microsoft’s answer made no sense",
        de: "Ausgelassen, weil Microsofts Antwort keinen Sinn ergab",
        fr: "Laissés de côté, la réponse de Microsoft n’ayant pas de sens",
        es: "Omitidos porque la respuesta de Microsoft no tenía sentido",
    }
    reading_interval {
        en: "Read again after",
        de: "Wieder gelesen nach",
        fr: "Relu après",
        es: "Se vuelve a leer tras",
    }
    reading_began {
        en: "Began",
        de: "Begonnen",
        fr: "Commencée",
        es: "Comenzó",
    }
    reading_ends_about {
        en: "Over at about",
        de: "Zu Ende gegen",
        fr: "Terminée vers",
        es: "Termina hacia",
    }
    reading_ended {
        en: "Last read",
        de: "Zuletzt gelesen",
        fr: "Dernière lecture",
        es: "Última lectura",
    }
    connection_read_title {
        en: "Read users",
        de: "Benutzer lesen",
        fr: "Lire les utilisateurs",
        es: "Leer usuarios",
    }
    connection_read_why {
        en: "So that we know who works for you and who left: names, addresses, mobile numbers, departments, countries, anchors, and whether accounts are enabled. Nothing is changed in Entra.",
        de: "Damit wir wissen, wer bei Ihnen arbeitet und wer gegangen ist: Namen, Adressen, Mobilnummern, Abteilungen, Länder, Anker und ob Konten aktiv sind. In Entra wird nichts geändert.",
        fr: "Pour savoir qui travaille chez vous et qui est parti : noms, adresses, numéros de mobile, services, pays, ancres et état des comptes. Rien n’est modifié dans Entra.",
        es: "Para saber quién trabaja con ustedes y quién se fue: nombres, direcciones, móviles, departamentos, países, anclas y si las cuentas están activas. No se cambia nada en Entra.",
    }
    connection_write_title {
        en: "Change users",
        de: "Benutzer ändern",
        fr: "Modifier des utilisateurs",
        es: "Cambiar usuarios",
    }
    connection_write_why {
        en: "So that whoever has no anchor in Entra gets one, which signing in needs, and users who are made here are made in Entra too. Users who are synced from on-premises are never changed.",
        de: "Damit alle, die in Entra keinen Anker haben, einen erhalten (ohne ihn ist keine Anmeldung möglich), und damit hier angelegte Benutzer auch in Entra angelegt werden. Benutzer, die lokal synchronisiert werden, bleiben unverändert.",
        fr: "Pour que ceux qui n’ont pas d’ancre dans Entra en reçoivent une, nécessaire à la connexion, et que les utilisateurs créés ici le soient aussi dans Entra. Les utilisateurs synchronisés depuis le site local ne sont jamais modifiés.",
        es: "Para que quien no tenga ancla en Entra reciba una, necesaria para iniciar sesión, y los usuarios creados aquí se creen también en Entra. Los usuarios sincronizados desde el entorno local no se cambian nunca.",
    }
    connection_end_title {
        en: "End access in Entra too",
        de: "Zugang auch in Entra beenden",
        fr: "Mettre fin à l’accès dans Entra aussi",
        es: "Terminar el acceso también en Entra",
    }
    connection_end_why {
        en: "So that whoever loses access here is signed out at Microsoft too, and accounts that are not synced from on-premises are disabled there until access is given back. Where users come from on-premises, these permissions are enough. Read users first.",
        de: "Damit, wer hier den Zugang verliert, auch bei Microsoft abgemeldet wird und nicht lokal synchronisierte Konten dort deaktiviert sind, bis der Zugang zurückgegeben wird. Kommen Benutzer aus dem lokalen Verzeichnis, genügen diese Berechtigungen. Zuerst Benutzer lesen.",
        fr: "Pour que celui qui perd l’accès ici soit aussi déconnecté chez Microsoft, et que les comptes non synchronisés depuis le site local y soient désactivés jusqu’à ce que l’accès soit rendu. Si les utilisateurs viennent du site local, ces autorisations suffisent. Commencez par la lecture.",
        es: "Para que quien pierda aquí el acceso salga también de Microsoft, y las cuentas no sincronizadas desde el entorno local queden allí desactivadas hasta que se devuelva el acceso. Si los usuarios vienen del entorno local, bastan estos permisos. Lea primero los usuarios.",
    }
    connection_change_title {
        en: "Give anchors, and make users",
        de: "Anker vergeben und Benutzer anlegen",
        fr: "Donner des ancres et créer des utilisateurs",
        es: "Dar anclas y crear usuarios",
    }
    connection_granted {
        en: "granted",
        de: "erteilt",
        fr: "accordée",
        es: "concedido",
    }
    connection_missing {
        en: "not granted",
        de: "nicht erteilt",
        fr: "non accordée",
        es: "no concedido",
    }
    connection_granted_wider {
        en: "granted by a wider one",
        de: "durch eine weitere erteilt",
        fr: "accordée par une plus large",
        es: "concedido por uno más amplio",
    }
    connection_wider {
        en: "If your tenant does not offer these, or your rules want one permission for all of them, give the application this wider one and consent in the same way. It allows more than is needed, so choose it only then:",
        de: "Wenn Ihr Mandant diese nicht anbietet oder Ihre Regeln eine einzige Berechtigung verlangen, geben Sie der Anwendung diese weitere und stimmen ebenso zu. Sie erlaubt mehr als nötig, wählen Sie sie also nur dann:",
        fr: "Si votre locataire ne les propose pas, ou si vos règles exigent une seule autorisation, donnez à l’application celle-ci, plus large, et consentez de la même façon. Elle permet plus que nécessaire : ne la choisissez que dans ce cas :",
        es: "Si su inquilino no los ofrece, o sus reglas piden un solo permiso, dé a la aplicación este, más amplio, y consienta del mismo modo. Permite más de lo necesario: elíjalo solo en ese caso:",
    }
    connection_wider_too {
        en: "Or, in the same way and for this alone:",
        de: "Oder ebenso, und nur hierfür:",
        fr: "Ou, de même et pour ceci seulement :",
        es: "O, del mismo modo y solo para esto:",
    }
    missing_title {
        en: "Missing in Entra",
        de: "In Entra nicht mehr vorhanden",
        fr: "Absents d’Entra",
        es: "Ausentes en Entra",
    }
    missing_held {
        en: "When everybody was read anew, these users were not found in Entra. None of them loses access for it until somebody decides.",
        de: "Als alle neu gelesen wurden, wurden diese Benutzer in Entra nicht gefunden. Niemand von ihnen verliert deshalb den Zugang, bis jemand entscheidet.",
        fr: "Lorsque tous ont été relus, ces utilisateurs n’ont pas été trouvés dans Entra. Aucun d’eux ne perd l’accès pour cela avant que quelqu’un décide.",
        es: "Al volver a leer a todos, estos usuarios no se encontraron en Entra. Ninguno de ellos pierde el acceso por ello hasta que alguien decida.",
    }
    missing_users {
        en: "Missing, of those asked for",
        de: "Fehlend, von den Abgefragten",
        fr: "Absents, sur ceux demandés",
        es: "Ausentes, de los consultados",
    }
    missing_since {
        en: "Since",
        de: "Seit",
        fr: "Depuis",
        es: "Desde",
    }
    missing_search {
        en: "List",
        de: "Liste",
        fr: "Liste",
        es: "Lista",
    }
    missing_what {
        en: "Look in Entra whether they left, and whether this is the right tenant. Whoever operates this deployment sees the list with list_missing, and decides about it: with approve_missing these users lose access, with dismiss_missing everybody keeps it.",
        de: "Sehen Sie in Entra nach, ob sie gegangen sind und ob dies der richtige Mandant ist. Wer diese Installation betreibt, sieht die Liste mit list_missing und entscheidet: Mit approve_missing verlieren diese Benutzer den Zugang, mit dismiss_missing behalten ihn alle.",
        fr: "Regardez dans Entra s’ils sont partis, et si c’est le bon locataire. Qui exploite ce déploiement voit la liste avec list_missing et décide : avec approve_missing ces utilisateurs perdent l’accès, avec dismiss_missing tous le gardent.",
        es: "Mire en Entra si se fueron y si este es el inquilino correcto. Quien opera esta instalación ve la lista con list_missing y decide: con approve_missing estos usuarios pierden el acceso, con dismiss_missing todos lo conservan.",
    }
    users_title {
        en: "Where users come from",
        de: "Woher Benutzer kommen",
        fr: "D’où viennent les utilisateurs",
        es: "De dónde vienen los usuarios",
    }
    users_hybrid {
        en: "From on-premises: they are made there and read from Entra, and nobody is made here for Entra. Whoever operates this deployment can change that with set_mode, which first says what would follow.",
        de: "Aus der lokalen Umgebung: Sie werden dort angelegt und aus Entra gelesen; hier wird niemand für Entra angelegt. Wer diese Installation betreibt, kann das mit set_mode ändern, das zuerst sagt, was daraus folgt.",
        fr: "Du site local : ils y sont créés et lus dans Entra, et personne n’est créé ici pour Entra. Qui exploite ce déploiement peut le changer avec set_mode, qui dit d’abord ce qui s’ensuit.",
        es: "Del entorno local: se crean allí y se leen de Entra, y aquí no se crea a nadie para Entra. Quien opera esta instalación puede cambiarlo con set_mode, que primero dice qué se sigue.",
    }
    users_cloud {
        en: "From here: whoever is made here, by the operator or by a provisioning client other than Entra, is made in Entra too, with a password that nobody knows. Users who are synced from on-premises are never written.",
        de: "Von hier: Wer hier angelegt wird, vom Betreiber oder von einem anderen Bereitstellungsdienst als Entra, wird auch in Entra angelegt, mit einem Kennwort, das niemand kennt. Lokal synchronisierte Benutzer werden nie verändert.",
        fr: "D’ici : qui est créé ici, par l’exploitant ou par un autre client d’approvisionnement qu’Entra, l’est aussi dans Entra, avec un mot de passe que personne ne connaît. Les utilisateurs synchronisés ne sont jamais modifiés.",
        es: "De aquí: quien se crea aquí, por el operador o por un cliente de aprovisionamiento que no sea Entra, se crea también en Entra, con una contraseña que nadie conoce. Los usuarios sincronizados no se modifican nunca.",
    }
    users_pending {
        en: "Waiting to be made in Entra",
        de: "Warten darauf, in Entra angelegt zu werden",
        fr: "En attente de création dans Entra",
        es: "En espera de ser creados en Entra",
    }
    users_conflicts {
        en: "Stopped, somebody has to decide",
        de: "Angehalten, jemand muss entscheiden",
        fr: "Arrêtés, quelqu’un doit décider",
        es: "Detenidos, alguien debe decidir",
    }
    users_waiting {
        en: "Nobody is lost: it is tried again at least every hour. The operator’s list_pending says who waits and why; push_user tries again, link_user takes the account that is there already.",
        de: "Niemand geht verloren: Es wird mindestens jede Stunde erneut versucht. list_pending des Betreibers sagt, wer wartet und warum; push_user versucht es erneut, link_user übernimmt das vorhandene Konto.",
        fr: "Personne n’est perdu : un nouvel essai a lieu au moins toutes les heures. list_pending, chez l’exploitant, dit qui attend et pourquoi ; push_user réessaie, link_user prend le compte existant.",
        es: "Nadie se pierde: se reintenta al menos cada hora. list_pending, del operador, dice quién espera y por qué; push_user reintenta, link_user toma la cuenta que ya existe.",
    }
    connection_consent {
        en: "Consent at Microsoft",
        de: "Bei Microsoft zustimmen",
        fr: "Consentir chez Microsoft",
        es: "Dar el consentimiento en Microsoft",
    }
    connection_not_registered {
        en: "No application is registered for this; the operations guide says how to.",
        de: "Dafür ist keine Anwendung registriert; das Betriebshandbuch sagt, wie das geht.",
        fr: "Aucune application n’est inscrite pour cela ; le guide d’exploitation explique comment faire.",
        es: "No hay ninguna aplicación registrada para esto; la guía de operación explica cómo.",
    }
    connection_application {
        en: "Application ID",
        de: "Anwendungs-ID",
        fr: "ID de l’application",
        es: "Id. de aplicación",
    }
    connection_upload_title {
        en: "Certificate to upload",
        de: "Zertifikat zum Hochladen",
        fr: "Certificat à téléverser",
        es: "Certificado para cargar",
    }
    connection_upload_why {
        en: "Upload it to each application in Entra, beside those that are there. There is no secret: the key never leaves KMS.",
        de: "Laden Sie es bei jeder Anwendung in Entra hoch, neben denen, die schon da sind. Es gibt kein Geheimnis: Der Schlüssel verlässt KMS nie.",
        fr: "Téléversez-le dans chaque application d’Entra, à côté de ceux qui y sont. Il n’y a pas de secret : la clé ne quitte jamais KMS.",
        es: "Cárguelo en cada aplicación de Entra, junto a los que ya estén. No hay ningún secreto: la clave nunca sale de KMS.",
    }
    connection_upload_next {
        en: "Upload this one too, beside the other: once that one ends, only this one counts.",
        de: "Laden Sie auch dieses hoch, neben dem anderen: Läuft jenes ab, gilt nur noch dieses.",
        fr: "Téléversez aussi celui-ci, à côté de l’autre : une fois l’autre expiré, lui seul compte.",
        es: "Cargue también este, junto al otro: cuando aquel caduque, solo este contará.",
    }
    connection_download {
        en: "Download",
        de: "Herunterladen",
        fr: "Télécharger",
        es: "Descargar",
    }
    connection_check {
        en: "Look again",
        de: "Noch einmal nachsehen",
        fr: "Vérifier de nouveau",
        es: "Volver a mirar",
    }
    connection_disconnect {
        en: "Disconnect",
        de: "Trennen",
        fr: "Déconnecter",
        es: "Desconectar",
    }
    sign_in_first_title {
        en: "Sign in first",
        de: "Melden Sie sich zuerst an",
        fr: "Connectez-vous d’abord",
        es: "Inicie sesión primero",
    }
    sign_in_first_what {
        en: "This page is for administrators of the organization, and this browser is not signed in as one.",
        de: "Diese Seite ist für Administratoren der Organisation, und dieser Browser ist nicht als einer angemeldet.",
        fr: "Cette page est réservée aux administrateurs de l’organisation, et ce navigateur n’est pas connecté comme tel.",
        es: "Esta página es para administradores de la organización, y este navegador no ha iniciado sesión como uno.",
    }
    sign_in_first_next {
        en: "Sign in with your passkey, or open your enrolment link, and come back to this address.",
        de: "Melden Sie sich mit Ihrem Passkey an oder öffnen Sie Ihren Einrichtungslink und kehren Sie zu dieser Adresse zurück.",
        fr: "Connectez-vous avec votre clé d’accès ou ouvrez votre lien d’inscription, puis revenez à cette adresse.",
        es: "Inicie sesión con su clave de acceso o abra su enlace de inscripción y vuelva a esta dirección.",
    }
    journey_over_title {
        en: "This consent is over",
        de: "Diese Zustimmung ist vorbei",
        fr: "Ce consentement est terminé",
        es: "Este consentimiento ha terminado",
    }
    journey_over_what {
        en: "It was used already, it took longer than half an hour, or it was never begun here. Nothing was changed.",
        de: "Sie wurde schon verwendet, hat länger als eine halbe Stunde gedauert oder wurde nie hier begonnen. Es wurde nichts geändert.",
        fr: "Il a déjà servi, a duré plus d’une demi-heure ou n’a jamais commencé ici. Rien n’a été modifié.",
        es: "Ya se usó, duró más de media hora o nunca empezó aquí. No se ha cambiado nada.",
    }
    consent_declined_title {
        en: "Nobody consented",
        de: "Niemand hat zugestimmt",
        fr: "Personne n’a consenti",
        es: "Nadie dio el consentimiento",
    }
    consent_declined_what {
        en: "Microsoft says that the consent or the sign-in was declined. Nothing was changed.",
        de: "Microsoft sagt, dass die Zustimmung oder die Anmeldung abgelehnt wurde. Es wurde nichts geändert.",
        fr: "Microsoft indique que le consentement ou la connexion a été refusé. Rien n’a été modifié.",
        es: "Microsoft dice que se rechazó el consentimiento o el inicio de sesión. No se ha cambiado nada.",
    }
    identity_refused_title {
        en: "That sign-in proves nothing",
        de: "Diese Anmeldung beweist nichts",
        fr: "Cette connexion ne prouve rien",
        es: "Ese inicio de sesión no demuestra nada",
    }
    identity_refused_what {
        en: "What Microsoft is said to have confirmed does not hold: it is for another tenant, another application or another request, or its signature is wrong. Nothing was changed.",
        de: "Was Microsoft bestätigt haben soll, stimmt nicht: Es gilt einem anderen Mandanten, einer anderen Anwendung oder einem anderen Vorgang, oder die Signatur ist falsch. Es wurde nichts geändert.",
        fr: "Ce que Microsoft aurait confirmé ne tient pas : autre locataire, autre application, autre demande, ou signature fausse. Rien n’a été modifié.",
        es: "Lo que Microsoft habría confirmado no se sostiene: es de otro inquilino, otra aplicación u otra solicitud, o la firma es falsa. No se ha cambiado nada.",
    }
    not_tenant_administrator_title {
        en: "You may not decide for this tenant",
        de: "Sie dürfen nicht für diesen Mandanten entscheiden",
        fr: "Vous ne pouvez pas décider pour ce locataire",
        es: "No puede decidir por este inquilino",
    }
    not_tenant_administrator_what {
        en: "The account that signed in at Microsoft is neither Global Administrator nor Privileged Role Administrator of the tenant. Nothing was changed.",
        de: "Das Konto, das sich bei Microsoft angemeldet hat, ist weder globaler Administrator noch Administrator für privilegierte Rollen des Mandanten. Es wurde nichts geändert.",
        fr: "Le compte connecté chez Microsoft n’est ni administrateur général ni administrateur de rôle privilégié du locataire. Rien n’a été modifié.",
        es: "La cuenta que inició sesión en Microsoft no es administrador global ni administrador de roles con privilegios del inquilino. No se ha cambiado nada.",
    }
    other_tenant_title {
        en: "Another tenant is connected",
        de: "Ein anderer Mandant ist verbunden",
        fr: "Un autre locataire est connecté",
        es: "Hay otro inquilino conectado",
    }
    other_tenant_what {
        en: "The consent was given in another tenant than the one that your organization is or was connected to. Nothing was changed. People here are known by their ids there, so no other tenant can take its place.",
        de: "Die Zustimmung wurde in einem anderen Mandanten gegeben als in dem, mit dem Ihre Organisation verbunden ist oder war. Es wurde nichts geändert. Die Personen hier sind durch ihre Kennungen dort bekannt; kein anderer Mandant kann an dessen Stelle treten.",
        fr: "Le consentement a été donné dans un autre locataire que celui auquel votre organisation est ou était connectée. Rien n’a été modifié. Les personnes sont connues ici par leurs identifiants là-bas : aucun autre locataire ne peut le remplacer.",
        es: "El consentimiento se dio en otro inquilino que el que está o estuvo conectado a su organización. No se ha cambiado nada. Las personas se conocen aquí por sus identificadores de allí; ningún otro inquilino puede ocupar su lugar.",
    }
    tenant_taken_title {
        en: "The tenant belongs to another organization",
        de: "Der Mandant gehört zu einer anderen Organisation",
        fr: "Le locataire appartient à une autre organisation",
        es: "El inquilino pertenece a otra organización",
    }
    tenant_taken_what {
        en: "Another organization of this service is connected to this tenant already. Nothing was changed.",
        de: "Eine andere Organisation dieses Dienstes ist mit diesem Mandanten schon verbunden. Es wurde nichts geändert.",
        fr: "Une autre organisation de ce service est déjà connectée à ce locataire. Rien n’a été modifié.",
        es: "Otra organización de este servicio ya está conectada a este inquilino. No se ha cambiado nada.",
    }
    not_registered_title {
        en: "No application is registered",
        de: "Keine Anwendung ist registriert",
        fr: "Aucune application n’est inscrite",
        es: "No hay ninguna aplicación registrada",
    }
    not_registered_what {
        en: "Whoever runs this service has not registered an application for this in Entra.",
        de: "Wer diesen Dienst betreibt, hat dafür keine Anwendung in Entra registriert.",
        fr: "L’exploitant de ce service n’a pas inscrit d’application pour cela dans Entra.",
        es: "Quien opera este servicio no ha registrado para esto ninguna aplicación en Entra.",
    }
    certificate_unknown_title {
        en: "Microsoft does not know our certificate",
        de: "Microsoft kennt unser Zertifikat nicht",
        fr: "Microsoft ne connaît pas notre certificat",
        es: "Microsoft no conoce nuestro certificado",
    }
    certificate_unknown_what {
        en: "The certificate of the connection’s page is not uploaded to the application, or the application was disabled.",
        de: "Das Zertifikat der Verbindungsseite ist bei der Anwendung nicht hochgeladen, oder die Anwendung wurde deaktiviert.",
        fr: "Le certificat de la page de connexion n’est pas téléversé dans l’application, ou l’application a été désactivée.",
        es: "El certificado de la página de conexión no está cargado en la aplicación, o la aplicación se desactivó.",
    }
    connection_unavailable_title {
        en: "We cannot go on right now",
        de: "Gerade geht es nicht weiter",
        fr: "Nous ne pouvons pas continuer pour le moment",
        es: "Ahora mismo no podemos continuar",
    }
    connection_unavailable_what {
        en: "A service that we need, ours or Microsoft’s, did not answer. The connection is as it was.",
        de: "Ein Dienst, den wir brauchen, unserer oder einer von Microsoft, hat nicht geantwortet. Die Verbindung ist, wie sie war.",
        fr: "Un service dont nous avons besoin, le nôtre ou celui de Microsoft, n’a pas répondu. La connexion est restée telle quelle.",
        es: "Un servicio que necesitamos, nuestro o de Microsoft, no respondió. La conexión sigue como estaba.",
    }
    next_connection {
        en: "Go back to the connection’s page and begin again. If this page comes back, give the request number to whoever runs this service.",
        de: "Gehen Sie zur Verbindungsseite zurück und beginnen Sie neu. Wenn diese Seite wieder erscheint, nennen Sie die Vorgangsnummer denen, die diesen Dienst betreiben.",
        fr: "Retournez à la page de connexion et recommencez. Si cette page revient, donnez le numéro de demande à l’exploitant de ce service.",
        es: "Vuelva a la página de conexión y empiece de nuevo. Si vuelve a ver esta página, dé el número de solicitud a quien opera este servicio.",
    }

    // How domains are federated.
    federation_title {
        en: "How your domains are federated",
        de: "Wie Ihre Domänen verbunden sind",
        fr: "Comment vos domaines sont fédérés",
        es: "Cómo están federados sus dominios",
    }
    federation_why {
        en: "So that your people get here to sign in, Microsoft must have for each domain exactly what we publish. It shows that to administrators of the tenant only: somebody looks with their own rights, for this once. Nothing is changed, and no permission of our own is needed.",
        de: "Damit Ihre Leute zur Anmeldung hierher kommen, muss Microsoft für jede Domäne genau das haben, was wir veröffentlichen. Das zeigt es nur Administratoren des Mandanten: Jemand sieht mit eigenen Rechten nach, nur für dieses eine Mal. Nichts wird geändert, und wir brauchen keine eigene Berechtigung.",
        fr: "Pour que vos collaborateurs arrivent ici pour se connecter, Microsoft doit avoir pour chaque domaine exactement ce que nous publions. Il ne le montre qu’aux administrateurs du locataire : quelqu’un regarde avec ses propres droits, pour cette fois. Rien n’est modifié, et aucune autorisation propre ne nous est nécessaire.",
        es: "Para que su personal llegue aquí a iniciar sesión, Microsoft debe tener de cada dominio exactamente lo que publicamos. Solo lo muestra a administradores del inquilino: alguien mira con sus propios derechos, por esta vez. No se cambia nada y no necesitamos ningún permiso propio.",
    }
    federation_open {
        en: "See how they stand",
        de: "Ansehen, wie sie stehen",
        fr: "Voir où ils en sont",
        es: "Ver cómo están",
    }
    federation_lead {
        en: "Microsoft sends people of a federated domain here, as it was told when the domain was set up. Here you see whether that agrees with what we publish.",
        de: "Microsoft schickt die Leute einer verbundenen Domäne hierher, so wie es ihm beim Einrichten gesagt wurde. Hier sehen Sie, ob das mit dem übereinstimmt, was wir veröffentlichen.",
        fr: "Microsoft envoie ici les personnes d’un domaine fédéré, comme on le lui a dit lors de la configuration. Vous voyez ici si cela correspond à ce que nous publions.",
        es: "Microsoft envía aquí a las personas de un dominio federado, como se le indicó al configurarlo. Aquí ve si eso coincide con lo que publicamos.",
    }
    federation_not_connected {
        en: "Connect the tenant first: only the connected one is looked at.",
        de: "Verbinden Sie zuerst den Mandanten: Nur im verbundenen wird nachgesehen.",
        fr: "Connectez d’abord le locataire : seul celui qui est connecté est examiné.",
        es: "Conecte primero el inquilino: solo se mira en el que está conectado.",
    }
    federation_at {
        en: "Looked at",
        de: "Nachgesehen",
        fr: "Examiné le",
        es: "Mirado el",
    }
    federation_by {
        en: "With the rights of",
        de: "Mit den Rechten von",
        fr: "Avec les droits de",
        es: "Con los derechos de",
    }
    federation_granted {
        en: "By the permissions",
        de: "Mit den Berechtigungen",
        fr: "Par les autorisations",
        es: "Con los permisos",
    }
    federation_none {
        en: "No domain of this tenant is known here as one of this organization, so there was nothing to compare.",
        de: "Hier ist keine Domäne dieses Mandanten als eine dieser Organisation bekannt, es gab also nichts zu vergleichen.",
        fr: "Aucun domaine de ce locataire n’est connu ici comme étant de cette organisation : il n’y avait rien à comparer.",
        es: "Aquí no se conoce ningún dominio de este inquilino como de esta organización, así que no había nada que comparar.",
    }
    domain_absent {
        en: "not in the tenant",
        de: "nicht im Mandanten",
        fr: "absent du locataire",
        es: "no está en el inquilino",
    }
    domain_absent_next {
        en: "The connected tenant does not have this domain. Add it in Entra and verify it, or connect the tenant that has it.",
        de: "Der verbundene Mandant hat diese Domäne nicht. Fügen Sie sie in Entra hinzu und bestätigen Sie sie, oder verbinden Sie den Mandanten, der sie hat.",
        fr: "Le locataire connecté n’a pas ce domaine. Ajoutez-le dans Entra et vérifiez-le, ou connectez le locataire qui l’a.",
        es: "El inquilino conectado no tiene este dominio. Agréguelo en Entra y verifíquelo, o conecte el inquilino que lo tiene.",
    }
    domain_unverified {
        en: "not verified",
        de: "nicht bestätigt",
        fr: "non vérifié",
        es: "sin verificar",
    }
    domain_unverified_next {
        en: "The tenant has this domain and did not prove yet that it is its own. Verify it in Entra first.",
        de: "Der Mandant hat diese Domäne und hat noch nicht bewiesen, dass sie ihm gehört. Bestätigen Sie sie zuerst in Entra.",
        fr: "Le locataire a ce domaine et n’a pas encore prouvé qu’il lui appartient. Vérifiez-le d’abord dans Entra.",
        es: "El inquilino tiene este dominio y todavía no ha demostrado que es suyo. Verifíquelo primero en Entra.",
    }
    domain_managed {
        en: "not federated",
        de: "nicht verbunden",
        fr: "non fédéré",
        es: "sin federar",
    }
    domain_managed_next {
        en: "Microsoft signs the people of this domain in itself and sends nobody here. The operations guide says how to register the domain in Entra.",
        de: "Microsoft meldet die Leute dieser Domäne selbst an und schickt niemanden hierher. Das Betriebshandbuch sagt, wie die Domäne in Entra registriert wird.",
        fr: "Microsoft connecte lui-même les personnes de ce domaine et n’envoie personne ici. Le guide d’exploitation explique comment inscrire le domaine dans Entra.",
        es: "Microsoft inicia él mismo la sesión de las personas de este dominio y no envía a nadie aquí. La guía de operación explica cómo registrar el dominio en Entra.",
    }
    domain_fine {
        en: "as we publish it",
        de: "wie veröffentlicht",
        fr: "conforme",
        es: "como lo publicamos",
    }
    domain_fine_next {
        en: "At that time Microsoft sent the people of this domain here and believed what we sign, as we publish it now. There is nothing to do.",
        de: "Zu dieser Zeit schickte Microsoft die Leute dieser Domäne hierher und glaubte, was wir signieren, so wie wir es jetzt veröffentlichen. Es ist nichts zu tun.",
        fr: "À ce moment, Microsoft envoyait ici les personnes de ce domaine et croyait ce que nous signons, tel que nous le publions maintenant. Il n’y a rien à faire.",
        es: "En ese momento Microsoft enviaba aquí a las personas de este dominio y creía lo que firmamos, tal como lo publicamos ahora. No hay nada que hacer.",
    }
    domain_differs {
        en: "differs",
        de: "weicht ab",
        fr: "diffère",
        es: "difiere",
    }
    domain_differs_next {
        en: "Microsoft had other values than we publish now. Look first who set them and why: whoever has a certificate or an address of their own there can say who your people are. Then set the values below by PowerShell, as the operations guide says; Microsoft may take up to two hours. Certificates are shown by their SHA-256 fingerprints.",
        de: "Microsoft hatte andere Werte, als wir jetzt veröffentlichen. Klären Sie zuerst, wer sie warum gesetzt hat: Wer dort ein eigenes Zertifikat oder eine eigene Adresse hat, kann sagen, wer Ihre Leute sind. Setzen Sie dann die Werte unten mit PowerShell, wie es im Betriebshandbuch steht; bei Microsoft kann das bis zu zwei Stunden dauern. Zertifikate stehen hier mit ihrem SHA-256-Fingerabdruck.",
        fr: "Microsoft avait d’autres valeurs que celles que nous publions maintenant. Voyez d’abord qui les a définies et pourquoi : qui y a son propre certificat ou sa propre adresse peut dire qui sont vos collaborateurs. Définissez ensuite les valeurs ci-dessous par PowerShell, comme l’indique le guide d’exploitation ; cela peut prendre jusqu’à deux heures chez Microsoft. Les certificats sont montrés par leur empreinte SHA-256.",
        es: "Microsoft tenía otros valores que los que publicamos ahora. Averigüe primero quién los puso y por qué: quien tenga allí un certificado o una dirección propios puede decir quién es su personal. Después ponga los valores de abajo con PowerShell, como dice la guía de operación; Microsoft puede tardar hasta dos horas. Los certificados se muestran por su huella SHA-256.",
    }
    federation_vital {
        en: "keeps people out",
        de: "sperrt Leute aus",
        fr: "bloque la connexion",
        es: "impide entrar",
    }
    federation_lets_in {
        en: "lets others in",
        de: "lässt andere herein",
        fr: "laisse entrer d’autres",
        es: "deja entrar a otros",
    }
    federation_is {
        en: "Is",
        de: "Ist",
        fr: "Valeur actuelle",
        es: "Es",
    }
    federation_should {
        en: "Should be",
        de: "Soll sein",
        fr: "Valeur attendue",
        es: "Debería ser",
    }
    federation_nothing {
        en: "nothing",
        de: "nichts",
        fr: "rien",
        es: "nada",
    }
    federation_left_out(many) {
        en: "More domains than one look is at: {many} were left out.",
        de: "Mehr Domänen, als auf einmal angesehen werden: {many} wurden ausgelassen.",
        fr: "Plus de domaines qu’un examen n’en regarde : {many} ont été laissés de côté.",
        es: "Más dominios de los que se miran de una vez: {many} se dejaron fuera.",
    }
    federation_begin {
        en: "Look for the first time",
        de: "Zum ersten Mal nachsehen",
        fr: "Regarder pour la première fois",
        es: "Mirar por primera vez",
    }
    federation_again {
        en: "Look once more",
        de: "Noch einmal nachsehen",
        fr: "Regarder de nouveau",
        es: "Mirar de nuevo",
    }
    federation_look {
        en: "Look with your rights",
        de: "Mit Ihren Rechten nachsehen",
        fr: "Regarder avec vos droits",
        es: "Mirar con sus derechos",
    }
    federation_rights {
        en: "You sign in at Microsoft, we read how these domains are set up, and your access is forgotten with the answer: it is stored nowhere, and does not come back without a sign-in. What was granted stays in Entra, where you can take it back; a wider permission that was granted once may come along with later looks.",
        de: "Sie melden sich bei Microsoft an, wir lesen, wie diese Domänen eingerichtet sind, und mit der Antwort ist Ihr Zugriff vergessen: Er wird nirgends gespeichert und kommt ohne Anmeldung nicht wieder. Was erteilt wurde, bleibt in Entra, wo Sie es zurücknehmen können; eine weitere Berechtigung, die einmal erteilt wurde, kann auch später mitkommen.",
        fr: "Vous vous connectez chez Microsoft, nous lisons comment ces domaines sont configurés, et votre accès est oublié avec la réponse : il n’est enregistré nulle part et ne revient pas sans connexion. Ce qui a été accordé reste dans Entra, où vous pouvez le retirer ; une autorisation plus large accordée une fois peut revenir avec les examens suivants.",
        es: "Usted inicia sesión en Microsoft, leemos cómo están configurados estos dominios y su acceso se olvida con la respuesta: no se guarda en ningún sitio y no vuelve sin un inicio de sesión. Lo concedido queda en Entra, donde puede retirarlo; un permiso más amplio concedido una vez puede venir también más tarde.",
    }
    federation_roles {
        en: "Microsoft shows it to these roles of the tenant: Global Reader, Security Reader, Domain Name Administrator, External Identity Provider Administrator, Hybrid Identity Administrator, Security Administrator, Global Administrator. A Global or Privileged Role Administrator has to consent before: for themselves, or for everybody.",
        de: "Microsoft zeigt es diesen Rollen des Mandanten: globaler Leser, Sicherheitsleseberechtigter, Domänennamenadministrator, Administrator für externe Identitätsanbieter, Hybrididentitätsadministrator, Sicherheitsadministrator, globaler Administrator. Vorher muss ein globaler Administrator oder ein Administrator für privilegierte Rollen zustimmen: für sich selbst oder für alle.",
        fr: "Microsoft le montre à ces rôles du locataire : lecteur général, lecteur de sécurité, administrateur de noms de domaine, administrateur de fournisseurs d’identité externes, administrateur d’identité hybride, administrateur de la sécurité, administrateur général. Un administrateur général ou de rôle privilégié doit consentir avant : pour lui-même, ou pour tous.",
        es: "Microsoft lo muestra a estos roles del inquilino: lector global, lector de seguridad, administrador de nombres de dominio, administrador de proveedores de identidades externos, administrador de identidad híbrida, administrador de seguridad, administrador global. Antes debe dar el consentimiento un administrador global o de roles con privilegios: para sí mismo o para todos.",
    }
    federation_not_registered {
        en: "No application is registered for this; the operations guide says how to. It has no permission of its own, and this redirect URI:",
        de: "Dafür ist keine Anwendung registriert; das Betriebshandbuch sagt, wie das geht. Sie hat keine eigene Berechtigung und diesen Umleitungs-URI:",
        fr: "Aucune application n’est inscrite pour cela ; le guide d’exploitation explique comment faire. Elle n’a aucune autorisation propre, et cet URI de redirection :",
        es: "No hay ninguna aplicación registrada para esto; la guía de operación explica cómo. No tiene ningún permiso propio, y este URI de redirección:",
    }
    look_narrow_title {
        en: "Only what is needed",
        de: "Nur das Nötige",
        fr: "Seulement le nécessaire",
        es: "Solo lo necesario",
    }
    look_narrow_why {
        en: "To read domains, and to read how they are federated. Begin with this one.",
        de: "Domänen lesen, und lesen, wie sie verbunden sind. Beginnen Sie damit.",
        fr: "Lire les domaines, et lire comment ils sont fédérés. Commencez par là.",
        es: "Leer los dominios y leer cómo están federados. Empiece por aquí.",
    }
    look_older_title {
        en: "If Microsoft does not know these",
        de: "Wenn Microsoft diese nicht kennt",
        fr: "Si Microsoft ne les connaît pas",
        es: "Si Microsoft no los conoce",
    }
    look_older_why {
        en: "Only to read domains, which by older pages of Microsoft shows how they are federated too. It changes nothing either.",
        de: "Nur Domänen lesen, was nach älteren Seiten von Microsoft auch zeigt, wie sie verbunden sind. Auch damit lässt sich nichts ändern.",
        fr: "Seulement lire les domaines, ce qui, selon d’anciennes pages de Microsoft, montre aussi comment ils sont fédérés. Elle ne modifie rien non plus.",
        es: "Solo leer los dominios, lo que según páginas anteriores de Microsoft muestra también cómo están federados. Tampoco cambia nada.",
    }
    look_wide_title {
        en: "If Microsoft refuses both",
        de: "Wenn Microsoft beides ablehnt",
        fr: "Si Microsoft refuse les deux",
        es: "Si Microsoft rechaza ambos",
    }
    look_wide_why {
        en: "A wider permission for the same: it would let domains be changed as well; we only read. Choose it only where both others are refused, and take it back afterwards.",
        de: "Eine weitere Berechtigung dafür: Mit ihr ließen sich Domänen auch ändern; wir lesen nur. Wählen Sie sie nur, wenn beide anderen abgelehnt werden, und nehmen Sie sie danach zurück.",
        fr: "Une autorisation plus large pour la même chose : elle permettrait aussi de modifier des domaines ; nous ne faisons que lire. Ne la choisissez que si les deux autres sont refusées, et retirez-la ensuite.",
        es: "Un permiso más amplio para lo mismo: también permitiría cambiar dominios; nosotros solo leemos. Elíjalo solo si se rechazan los otros dos, y retírelo después.",
    }
    look_widest_title {
        en: "If it refuses that too",
        de: "Wenn es auch das ablehnt",
        fr: "S’il refuse cela aussi",
        es: "Si también lo rechaza",
    }
    look_widest_why {
        en: "Microsoft names it as a known issue that it may ask for this one beside: whatever you yourself may do in the directory. We only read. Choose it last.",
        de: "Microsoft nennt als bekanntes Problem, dass es zusätzlich diese verlangen kann: alles, was Sie selbst im Verzeichnis dürfen. Wir lesen nur. Wählen Sie sie zuletzt.",
        fr: "Microsoft signale comme problème connu qu’il peut demander celle-ci en plus : tout ce que vous pouvez faire vous-même dans l’annuaire. Nous ne faisons que lire. Choisissez-la en dernier.",
        es: "Microsoft señala como problema conocido que puede pedir además este: todo lo que usted mismo puede hacer en el directorio. Nosotros solo leemos. Elíjalo en último lugar.",
    }
    look_declined_title {
        en: "Nobody let us look",
        de: "Niemand hat uns nachsehen lassen",
        fr: "Personne ne nous a laissé regarder",
        es: "Nadie nos dejó mirar",
    }
    look_declined_what {
        en: "Microsoft says that the sign-in or the permission was declined, or that it does not know the permission. Nothing was looked at, and nothing was changed.",
        de: "Microsoft sagt, dass die Anmeldung oder die Berechtigung abgelehnt wurde oder dass es die Berechtigung nicht kennt. Es wurde nichts angesehen und nichts geändert.",
        fr: "Microsoft indique que la connexion ou l’autorisation a été refusée, ou qu’il ne connaît pas l’autorisation. Rien n’a été examiné ni modifié.",
        es: "Microsoft dice que se rechazó el inicio de sesión o el permiso, o que no conoce el permiso. No se ha mirado ni cambiado nada.",
    }
    look_declined_next {
        en: "Go back to the page that shows how your domains are federated, and look again. Where Microsoft refuses the permission itself, that page offers others.",
        de: "Gehen Sie zu der Seite zurück, die zeigt, wie Ihre Domänen verbunden sind, und sehen Sie noch einmal nach. Wenn Microsoft die Berechtigung selbst ablehnt, bietet jene Seite andere an.",
        fr: "Retournez à la page qui montre comment vos domaines sont fédérés, et regardez de nouveau. Si Microsoft refuse l’autorisation elle-même, cette page en propose d’autres.",
        es: "Vuelva a la página que muestra cómo están federados sus dominios y mire de nuevo. Si Microsoft rechaza el permiso mismo, esa página ofrece otros.",
    }
    look_forbidden_title {
        en: "Microsoft does not show it to this account",
        de: "Microsoft zeigt es diesem Konto nicht",
        fr: "Microsoft ne le montre pas à ce compte",
        es: "Microsoft no lo muestra a esta cuenta",
    }
    look_forbidden_what {
        en: "The account that signed in may not see how domains are federated. That takes one of these roles in the tenant: Global Reader, Security Reader, Domain Name Administrator, External Identity Provider Administrator, Hybrid Identity Administrator, Security Administrator or Global Administrator. Nothing was changed; what an earlier look saw still stands.",
        de: "Das Konto, das sich angemeldet hat, darf nicht sehen, wie Domänen verbunden sind. Dazu braucht es eine dieser Rollen im Mandanten: globaler Leser, Sicherheitsleseberechtigter, Domänennamenadministrator, Administrator für externe Identitätsanbieter, Hybrididentitätsadministrator, Sicherheitsadministrator oder globaler Administrator. Es wurde nichts geändert; was früher zu sehen war, steht noch da.",
        fr: "Le compte connecté ne peut pas voir comment les domaines sont fédérés. Il faut l’un de ces rôles dans le locataire : lecteur général, lecteur de sécurité, administrateur de noms de domaine, administrateur de fournisseurs d’identité externes, administrateur d’identité hybride, administrateur de la sécurité ou administrateur général. Rien n’a été modifié ; le résultat précédent reste affiché.",
        es: "La cuenta que inició sesión no puede ver cómo están federados los dominios. Hace falta uno de estos roles en el inquilino: lector global, lector de seguridad, administrador de nombres de dominio, administrador de proveedores de identidades externos, administrador de identidad híbrida, administrador de seguridad o administrador global. No se ha cambiado nada; lo que se vio antes sigue ahí.",
    }
    look_forbidden_next {
        en: "Look again with an account that has one of them. If it has, Microsoft may ask for another permission: the page that shows how your domains are federated offers some.",
        de: "Sehen Sie mit einem Konto nach, das eine davon hat. Hat es eine, so verlangt Microsoft vielleicht eine andere Berechtigung: Die Seite, die zeigt, wie Ihre Domänen verbunden sind, bietet welche an.",
        fr: "Regardez de nouveau avec un compte qui en a un. S’il en a un, Microsoft demande peut-être une autre autorisation : la page qui montre comment vos domaines sont fédérés en propose.",
        es: "Mire de nuevo con una cuenta que tenga uno de ellos. Si lo tiene, quizá Microsoft pida otro permiso: la página que muestra cómo están federados sus dominios ofrece algunos.",
    }

    // Preflight.
    preflight_title {
        en: "Who cannot sign in yet",
        de: "Wer sich noch nicht anmelden kann",
        fr: "Qui ne peut pas encore se connecter",
        es: "Quién no puede iniciar sesión todavía",
    }
    preflight_lead {
        en: "A look at everybody before the domain is switched over: what stands before their first sign-in, and what to do about it.",
        de: "Ein Blick auf alle, bevor die Domäne umgestellt wird: was vor ihrer ersten Anmeldung steht und was zu tun ist.",
        fr: "Un examen de tout le monde avant la bascule du domaine : ce qui empêche la première connexion, et que faire.",
        es: "Una revisión de todas las personas antes de cambiar el dominio: qué impide el primer inicio de sesión y qué hacer.",
    }
    preflight_looks {
        en: "Everybody is being looked at. This page refreshes itself.",
        de: "Alle werden gerade angesehen. Diese Seite aktualisiert sich von selbst.",
        fr: "L’examen est en cours. Cette page s’actualise toute seule.",
        es: "La revisión está en curso. Esta página se actualiza sola.",
    }
    preflight_writes {
        en: "Everybody was looked at. The files are being written; this page refreshes itself.",
        de: "Alle wurden angesehen. Die Dateien werden geschrieben; diese Seite aktualisiert sich von selbst.",
        fr: "L’examen est terminé. Les fichiers s’écrivent ; cette page s’actualise toute seule.",
        es: "La revisión ha terminado. Se están escribiendo los archivos; esta página se actualiza sola.",
    }
    preflight_looked_at {
        en: "People looked at",
        de: "Angesehene Personen",
        fr: "Personnes examinées",
        es: "Personas revisadas",
    }
    preflight_at {
        en: "As of",
        de: "Stand",
        fr: "État au",
        es: "Situación a",
    }
    preflight_clear {
        en: "Nothing stands in anybody’s way.",
        de: "Niemandem steht etwas im Weg.",
        fr: "Rien ne fait obstacle à personne.",
        es: "Nada impide el acceso a nadie.",
    }
    preflight_show {
        en: "Show who",
        de: "Zeigen, wer",
        fr: "Afficher qui",
        es: "Mostrar quién",
    }
    preflight_files {
        en: "Everything as a file",
        de: "Alles als Datei",
        fr: "Tout en fichier",
        es: "Todo en un archivo",
    }
    preflight_files_why {
        en: "For a spreadsheet or a program. The files hold names, so keep them safe. They are kept here until",
        de: "Für eine Tabellenkalkulation oder ein Programm. Die Dateien enthalten Namen, bewahren Sie sie sicher auf. Hier bleiben sie bis",
        fr: "Pour un tableur ou un programme. Les fichiers contiennent des noms : gardez-les en lieu sûr. Ils restent ici jusqu’au",
        es: "Para una hoja de cálculo o un programa. Los archivos contienen nombres: guárdelos en un lugar seguro. Se conservan aquí hasta",
    }
    preflight_begin {
        en: "Look at everybody",
        de: "Alle ansehen",
        fr: "Examiner tout le monde",
        es: "Revisar a todas las personas",
    }
    preflight_again {
        en: "Look again",
        de: "Noch einmal ansehen",
        fr: "Examiner de nouveau",
        es: "Revisar de nuevo",
    }
    preflight_asks {
        en: "Our users were looked at. Entra is being asked who else it has; this page refreshes itself.",
        de: "Unsere Benutzer wurden angesehen. Entra wird gefragt, wen es noch hat; diese Seite aktualisiert sich von selbst.",
        fr: "Nos utilisateurs ont été examinés. Entra est interrogé sur les autres ; cette page s’actualise toute seule.",
        es: "Nuestros usuarios se han revisado. Se pregunta a Entra a quién más tiene; esta página se actualiza sola.",
    }
    preflight_told {
        en: "Users in Entra",
        de: "Benutzer in Entra",
        fr: "Utilisateurs dans Entra",
        es: "Usuarios en Entra",
    }
    preflight_not_asked {
        en: "Entra was not asked, or not to the end, so guests and names or anchors that two people have may be missing here. Check the connection, then look again.",
        de: "Entra wurde nicht oder nicht bis zum Ende gefragt, daher können Gäste sowie Namen oder Anker, die zwei Personen haben, hier fehlen. Prüfen Sie die Verbindung, dann sehen Sie noch einmal nach.",
        fr: "Entra n’a pas été interrogé, ou pas jusqu’au bout : des invités, ou des noms et ancres que deux personnes ont, peuvent manquer ici. Vérifiez la connexion, puis examinez de nouveau.",
        es: "No se preguntó a Entra, o no hasta el final: pueden faltar invitados, o nombres y anclas que tienen dos personas. Compruebe la conexión y revise de nuevo.",
    }
    preflight_held_by {
        en: "Whose it is",
        de: "Wem er gehört",
        fr: "À qui il est",
        es: "De quién es",
    }
    preflight_user_name {
        en: "User name",
        de: "Benutzername",
        fr: "Nom d’utilisateur",
        es: "Nombre de usuario",
    }
    preflight_name {
        en: "Name",
        de: "Anzeigename",
        fr: "Nom affiché",
        es: "Nombre completo",
    }
    preflight_page(page, pages) {
        en: "Page {page} of {pages}",
        de: "Seite {page} von {pages}",
        fr: "Page {page} sur {pages}",
        es: "Página {page} de {pages}",
    }
    preflight_previous {
        en: "Previous page",
        de: "Vorherige Seite",
        fr: "Page précédente",
        es: "Página anterior",
    }
    preflight_next {
        en: "Next page",
        de: "Nächste Seite",
        fr: "Page suivante",
        es: "Página siguiente",
    }
    obstacle_blocked {
        en: "Account turned off",
        de: "Konto ausgeschaltet",
        fr: "Compte désactivé",
        es: "Cuenta desactivada",
    }
    obstacle_blocked_next {
        en: "Disabled in Entra, or access was taken away here. Nothing needs to be done unless they should sign in.",
        de: "In Entra deaktiviert, oder der Zugang wurde hier entzogen. Es ist nichts zu tun, außer sie sollen sich anmelden.",
        fr: "Désactivé dans Entra, ou l’accès a été retiré ici. Rien à faire, sauf si ces personnes doivent se connecter.",
        es: "Desactivada en Entra, o se retiró el acceso aquí. No hay que hacer nada, salvo que deban iniciar sesión.",
    }
    obstacle_outside_domain {
        en: "User name outside your federated domains",
        de: "Benutzername außerhalb Ihrer föderierten Domänen",
        fr: "Nom d’utilisateur hors de vos domaines fédérés",
        es: "Nombre de usuario fuera de sus dominios federados",
    }
    obstacle_outside_domain_next {
        en: "Entra would refuse them (AADSTS5000820). Give them a user principal name under a federated domain or one of its subdomains, or federate theirs.",
        de: "Entra würde sie ablehnen (AADSTS5000820). Geben Sie ihnen einen Benutzerprinzipalnamen unter einer föderierten Domäne oder Unterdomäne, oder föderieren Sie ihre.",
        fr: "Entra les refuserait (AADSTS5000820). Donnez-leur un nom d’utilisateur principal sous un domaine fédéré ou l’un de ses sous-domaines, ou fédérez le leur.",
        es: "Entra los rechazaría (AADSTS5000820). Deles un nombre principal de usuario bajo un dominio federado o uno de sus subdominios, o federe el suyo.",
    }
    obstacle_no_anchor {
        en: "No anchor (ImmutableID)",
        de: "Kein Anker (ImmutableID)",
        fr: "Aucune ancre (ImmutableID)",
        es: "Sin ancla (ImmutableID)",
    }
    obstacle_no_anchor_next {
        en: "Entra could not recognise them. Consent to changing users and Passerelle gives cloud users an anchor; synced users get theirs from Entra Connect.",
        de: "Entra könnte sie nicht erkennen. Stimmen Sie dem Ändern von Benutzern zu, dann gibt Passerelle Cloudbenutzern einen Anker; synchronisierte erhalten ihren von Entra Connect.",
        fr: "Entra ne pourrait pas les reconnaître. Consentez à la modification des utilisateurs et Passerelle donnera une ancre aux utilisateurs cloud ; ceux synchronisés la reçoivent d’Entra Connect.",
        es: "Entra no podría reconocerlos. Consienta la modificación de usuarios y Passerelle dará un ancla a los usuarios en la nube; los sincronizados la reciben de Entra Connect.",
    }
    obstacle_anchor_taken {
        en: "Anchor of somebody else",
        de: "Anker einer anderen Person",
        fr: "Ancre de quelqu’un d’autre",
        es: "Ancla de otra persona",
    }
    obstacle_anchor_taken_next {
        en: "Two users have the same anchor, so Entra could not tell them apart; here it belongs to the one who came first. Give this one an anchor of their own in Entra.",
        de: "Zwei Benutzer haben denselben Anker, Entra könnte sie nicht unterscheiden; hier gehört er der Person, die zuerst kam. Geben Sie dieser in Entra einen eigenen.",
        fr: "Deux utilisateurs ont la même ancre : Entra ne pourrait pas les distinguer ; ici elle est à la première personne venue. Donnez à celle-ci sa propre ancre dans Entra.",
        es: "Dos usuarios tienen la misma ancla, y Entra no podría distinguirlos; aquí es de quien llegó primero. Dé a esta persona un ancla propia en Entra.",
    }
    obstacle_illegal_anchor {
        en: "Anchor that Entra does not take",
        de: "Anker, den Entra nicht annimmt",
        fr: "Ancre qu’Entra n’accepte pas",
        es: "Ancla que Entra no acepta",
    }
    obstacle_illegal_anchor_next {
        en: "An anchor has 1 to 64 letters, digits and signs of ASCII, without spaces, $ and _. Give them another one in Entra, or let Entra Connect write it.",
        de: "Ein Anker hat 1 bis 64 ASCII-Buchstaben, -Ziffern und -Zeichen, ohne Leerzeichen, $ und _. Geben Sie ihnen in Entra einen anderen, oder lassen Sie Entra Connect ihn schreiben.",
        fr: "Une ancre a de 1 à 64 lettres, chiffres et signes ASCII, sans espace, $ ni _. Donnez-leur-en une autre dans Entra, ou laissez Entra Connect l’écrire.",
        es: "Un ancla tiene de 1 a 64 letras, cifras y signos ASCII, sin espacios, $ ni _. Deles otra en Entra, o deje que Entra Connect la escriba.",
    }
    obstacle_name_taken {
        en: "User name of somebody else",
        de: "Benutzername einer anderen Person",
        fr: "Nom d’utilisateur de quelqu’un d’autre",
        es: "Nombre de usuario de otra persona",
    }
    obstacle_name_taken_next {
        en: "Another user here has the name that they have in Entra. Rename one of them, or let the provisioning client send the object id as externalId if they are the same person.",
        de: "Ein anderer Benutzer hat hier den Namen, den sie in Entra haben. Benennen Sie einen um, oder lassen Sie den Bereitstellungsclient die Objekt-ID als externalId senden, wenn es dieselbe Person ist.",
        fr: "Un autre utilisateur a ici le nom qu’ils ont dans Entra. Renommez l’un d’eux, ou laissez le client d’approvisionnement envoyer l’ID d’objet comme externalId si c’est la même personne.",
        es: "Otro usuario tiene aquí el nombre que tienen en Entra. Cambie el nombre de uno, o haga que el cliente de aprovisionamiento envíe el id. de objeto como externalId si son la misma persona.",
    }
    obstacle_guest {
        en: "Guest",
        de: "Gast",
        fr: "Invité",
        es: "Invitado",
    }
    obstacle_guest_next {
        en: "Guests sign in at home, so they are not users here. Nothing needs to be done unless they should be members.",
        de: "Gäste melden sich zu Hause an und sind hier keine Benutzer. Es ist nichts zu tun, außer sie sollen Mitglieder sein.",
        fr: "Les invités se connectent chez eux et ne sont pas utilisateurs ici. Rien à faire, sauf s’ils doivent être membres.",
        es: "Los invitados inician sesión en su propia organización y no son usuarios aquí. No hay que hacer nada, salvo que deban ser miembros.",
    }
    obstacle_no_claim {
        en: "No personal address",
        de: "Keine persönliche Adresse",
        fr: "Aucune adresse personnelle",
        es: "Sin dirección personal",
    }
    obstacle_no_claim_next {
        en: "There is nowhere to send a code. Add a personal address under other e-mail addresses in Entra, or hand out an enrolment link.",
        de: "Ein Code kann nirgendwohin gesendet werden. Tragen Sie in Entra unter weitere E-Mail-Adressen eine persönliche ein, oder geben Sie einen Registrierungslink aus.",
        fr: "Aucun endroit où envoyer un code. Ajoutez une adresse personnelle parmi les autres adresses e-mail dans Entra, ou remettez un lien d’inscription.",
        es: "No hay adónde enviar un código. Añada una dirección personal en los otros correos electrónicos de Entra, o entregue un enlace de inscripción.",
    }
    obstacle_shared_claim {
        en: "Personal address shared with somebody",
        de: "Persönliche Adresse mit jemandem geteilt",
        fr: "Adresse personnelle partagée avec quelqu’un",
        es: "Dirección personal compartida con alguien",
    }
    obstacle_shared_claim_next {
        en: "Whoever reads the mail there could enrol as either of them. Give each an address of their own in Entra, and hand out enrolment links until then.",
        de: "Wer dort die Post liest, könnte sich als jede der Personen registrieren. Geben Sie jeder in Entra eine eigene Adresse, und bis dahin Registrierungslinks aus.",
        fr: "Qui y lit le courrier pourrait s’inscrire à la place de chacun d’eux. Donnez à chacun sa propre adresse dans Entra, et d’ici là remettez des liens d’inscription.",
        es: "Quien lea el correo allí podría registrarse como cualquiera de ellos. Dé a cada persona su propia dirección en Entra y, hasta entonces, entregue enlaces de inscripción.",
    }
    obstacle_changed_claim {
        en: "Personal address changed lately",
        de: "Persönliche Adresse kürzlich geändert",
        fr: "Adresse personnelle modifiée récemment",
        es: "Dirección personal cambiada hace poco",
    }
    obstacle_changed_claim_next {
        en: "For a day it proves nothing, so that nobody enrols by changing it. Wait, or approve it now through the operator function, or hand out enrolment links.",
        de: "Einen Tag lang beweist sie nichts, damit sich niemand durch eine Änderung registriert. Warten Sie, geben Sie sie über die Operator-Funktion frei, oder geben Sie Registrierungslinks aus.",
        fr: "Pendant un jour elle ne prouve rien, pour que personne ne s’inscrive en la modifiant. Attendez, approuvez-la par la fonction operator, ou remettez des liens d’inscription.",
        es: "Durante un día no prueba nada, para que nadie se registre cambiándola. Espere, apruébela con la función operator o entregue enlaces de inscripción.",
    }
    obstacle_not_read {
        en: "Not read yet",
        de: "Noch nicht gelesen",
        fr: "Pas encore lus",
        es: "Aún no leídos",
    }
    obstacle_not_read_next {
        en: "Members of your tenant who are not here yet, so nobody looked at them. Look again once the directory was read.",
        de: "Mitglieder Ihres Mandanten, die noch nicht hier sind, also hat sie niemand angesehen. Prüfen Sie noch einmal, wenn das Verzeichnis gelesen ist.",
        fr: "Membres de votre locataire qui ne sont pas encore ici : personne ne les a examinés. Vérifiez à nouveau une fois l’annuaire lu.",
        es: "Miembros de su inquilino que aún no están aquí, así que nadie los ha revisado. Vuelva a comprobar cuando se haya leído el directorio.",
    }

    // Enrolment: the work address.
    address_title {
        en: "Set up a passkey",
        de: "Passkey einrichten",
        fr: "Créer une clé d’accès",
        es: "Crear una clave de acceso",
    }
    address_lead {
        en: "Type your work address. We will send a code to the personal e-mail address that your organization has on file for you.",
        de: "Geben Sie Ihre Arbeitsadresse ein. Wir senden einen Code an die private E-Mail-Adresse, die Ihre Organisation von Ihnen kennt.",
        fr: "Saisissez votre adresse professionnelle. Nous enverrons un code à l’adresse e-mail personnelle que votre organisation a enregistrée pour vous.",
        es: "Escriba su dirección de trabajo. Enviaremos un código a la dirección de correo personal que su organización tiene registrada.",
    }
    address_label {
        en: "Work address",
        de: "Arbeitsadresse",
        fr: "Adresse professionnelle",
        es: "Dirección de trabajo",
    }
    address_help {
        en: "The address that you sign in to Microsoft with.",
        de: "Die Adresse, mit der Sie sich bei Microsoft anmelden.",
        fr: "L’adresse avec laquelle vous vous connectez à Microsoft.",
        es: "La dirección con la que inicia sesión en Microsoft.",
    }
    address_button {
        en: "Send the code",
        de: "Code senden",
        fr: "Envoyer le code",
        es: "Enviar el código",
    }
    address_sign_in {
        en: "I already have a passkey",
        de: "Ich habe schon einen Passkey",
        fr: "J’ai déjà une clé d’accès",
        es: "Ya tengo una clave de acceso",
    }
    address_recover {
        en: "I have a recovery code",
        de: "Ich habe einen Wiederherstellungscode",
        fr: "J’ai un code de récupération",
        es: "Tengo un código de recuperación",
    }

    // Enrolment: by a recovery code.
    recover_title {
        en: "Use your recovery code",
        de: "Wiederherstellungscode verwenden",
        fr: "Utiliser votre code de récupération",
        es: "Usar su código de recuperación",
    }
    recover_lead {
        en: "Type your work address and the code that you were shown when you set up your passkey. It works once; you get a new one with the new passkey.",
        de: "Geben Sie Ihre Arbeitsadresse und den Code ein, der Ihnen beim Einrichten Ihres Passkeys gezeigt wurde. Er gilt einmal; mit dem neuen Passkey erhalten Sie einen neuen.",
        fr: "Saisissez votre adresse professionnelle et le code qui vous a été montré lors de la création de votre clé d’accès. Il sert une seule fois ; vous en recevrez un nouveau avec la nouvelle clé.",
        es: "Escriba su dirección de trabajo y el código que se le mostró al crear su llave de acceso. Sirve una sola vez; recibirá otro con la nueva llave.",
    }
    recover_code {
        en: "Recovery code",
        de: "Wiederherstellungscode",
        fr: "Code de récupération",
        es: "Código de recuperación",
    }
    recover_button {
        en: "Continue",
        de: "Weiter",
        fr: "Continuer",
        es: "Continuar",
    }

    // Enrolment: the six digits.
    code_title {
        en: "Enter the code",
        de: "Code eingeben",
        fr: "Saisir le code",
        es: "Introduzca el código",
    }
    code_lead {
        en: "If the address is known and can be used, a code is on its way to your personal e-mail address. It is valid for 10 minutes.",
        de: "Wenn die Adresse bekannt ist und verwendet werden kann, ist ein Code an Ihre private E-Mail-Adresse unterwegs. Er gilt 10 Minuten.",
        fr: "Si l’adresse est connue et utilisable, un code est en route vers votre adresse e-mail personnelle. Il est valable 10 minutes.",
        es: "Si la dirección es conocida y se puede usar, un código va en camino a su correo personal. Es válido durante 10 minutos.",
    }
    code_label {
        en: "Six-digit code",
        de: "Sechsstelliger Code",
        fr: "Code à six chiffres",
        es: "Código de seis cifras",
    }
    code_button {
        en: "Continue",
        de: "Weiter",
        fr: "Continuer",
        es: "Continuar",
    }
    code_nothing {
        en: "No message after a few minutes? Look in the junk folder, or ask your administrator: they can send you a link.",
        de: "Nach einigen Minuten keine Nachricht? Sehen Sie im Spam-Ordner nach, oder fragen Sie Ihre Administration: Sie kann Ihnen einen Link senden.",
        fr: "Pas de message après quelques minutes ? Regardez dans les courriers indésirables, ou demandez à votre administrateur : il peut vous envoyer un lien.",
        es: "¿Ningún mensaje después de unos minutos? Mire en el correo no deseado o pregunte a su administrador: puede enviarle un enlace.",
    }
    code_resend {
        en: "Send another code",
        de: "Neuen Code senden",
        fr: "Envoyer un autre code",
        es: "Enviar otro código",
    }

    // Enrolment: the one-time link.
    invitation_title {
        en: "Welcome",
        de: "Willkommen",
        fr: "Bienvenue",
        es: "Bienvenido",
    }
    invitation_lead(organization) {
        en: "{organization} signs in with passkeys instead of passwords. Setting one up takes a minute.",
        de: "{organization} meldet sich mit Passkeys statt mit Passwörtern an. Das Einrichten dauert eine Minute.",
        fr: "{organization} se connecte avec des clés d’accès plutôt que des mots de passe. En créer une prend une minute.",
        es: "{organization} inicia sesión con claves de acceso en lugar de contraseñas. Crear una lleva un minuto.",
    }
    invitation_once {
        en: "The link works once. Use the device that you want to sign in with.",
        de: "Der Link gilt einmal. Verwenden Sie das Gerät, mit dem Sie sich anmelden möchten.",
        fr: "Le lien ne sert qu’une fois. Utilisez l’appareil avec lequel vous voulez vous connecter.",
        es: "El enlace funciona una sola vez. Use el dispositivo con el que quiere iniciar sesión.",
    }
    invitation_button {
        en: "Begin",
        de: "Beginnen",
        fr: "Commencer",
        es: "Empezar",
    }

    // Enrolment: the passkey.
    register_title {
        en: "Create your passkey",
        de: "Passkey erstellen",
        fr: "Créez votre clé d’accès",
        es: "Cree su clave de acceso",
    }
    register_for {
        en: "Passkey for",
        de: "Passkey für",
        fr: "Clé d’accès pour",
        es: "Clave de acceso para",
    }
    register_lead {
        en: "Your device will ask for your fingerprint, face or PIN. These never leave the device.",
        de: "Ihr Gerät fragt nach Fingerabdruck, Gesicht oder PIN. Diese verlassen das Gerät nie.",
        fr: "Votre appareil demandera votre empreinte, votre visage ou votre code PIN. Ils ne quittent jamais l’appareil.",
        es: "Su dispositivo le pedirá la huella, el rostro o el PIN. Nunca salen del dispositivo.",
    }
    register_label {
        en: "Name of this passkey (optional)",
        de: "Name dieses Passkeys (freiwillig)",
        fr: "Nom de cette clé d’accès (facultatif)",
        es: "Nombre de esta clave de acceso (opcional)",
    }
    register_this_device {
        en: "This device",
        de: "Dieses Gerät",
        fr: "Cet appareil",
        es: "Este dispositivo",
    }
    register_button {
        en: "Create a passkey",
        de: "Passkey erstellen",
        fr: "Créer une clé d’accès",
        es: "Crear una clave de acceso",
    }

    // Enrolment: the recovery code.
    recovery_title {
        en: "Keep your recovery code",
        de: "Bewahren Sie Ihren Wiederherstellungs\u{ad}code auf",
        fr: "Conservez votre code de récupération",
        es: "Guarde su código de recuperación",
    }
    recovery_done {
        en: "Your passkey is ready.",
        de: "Ihr Passkey ist bereit.",
        fr: "Votre clé d’accès est prête.",
        es: "Su clave de acceso está lista.",
    }
    recovery_lead {
        en: "If you ever lose every device with your passkey, this code lets you back in. It is shown only now and works once.",
        de: "Falls Sie alle Geräte mit Ihrem Passkey verlieren, kommen Sie mit diesem Code wieder hinein. Er wird nur jetzt gezeigt und gilt einmal.",
        fr: "Si vous perdez tous les appareils contenant votre clé d’accès, ce code vous permet de revenir. Il n’est affiché que maintenant et ne sert qu’une fois.",
        es: "Si pierde todos los dispositivos con su clave de acceso, este código le permite volver a entrar. Solo se muestra ahora y funciona una vez.",
    }
    recovery_code {
        en: "Recovery code",
        de: "Wiederherstellungscode",
        fr: "Code de récupération",
        es: "Código de recuperación",
    }
    recovery_where {
        en: "Print it or write it down, and keep it away from your devices.",
        de: "Drucken Sie ihn aus oder schreiben Sie ihn auf, und bewahren Sie ihn getrennt von Ihren Geräten auf.",
        fr: "Imprimez-le ou notez-le, et gardez-le à l’écart de vos appareils.",
        es: "Imprímalo o anótelo, y guárdelo lejos de sus dispositivos.",
    }
    recovery_copy {
        en: "Copy",
        de: "Kopieren",
        fr: "Copier",
        es: "Copiar",
    }
    recovery_copied {
        en: "Copied.",
        de: "Kopiert.",
        fr: "Copié.",
        es: "Copiado.",
    }
    recovery_not_copied {
        en: "It could not be copied. Select the code and copy it by hand.",
        de: "Es konnte nicht kopiert werden. Markieren Sie den Code und kopieren Sie ihn von Hand.",
        fr: "La copie a échoué. Sélectionnez le code et copiez-le à la main.",
        es: "No se pudo copiar. Seleccione el código y cópielo a mano.",
    }
    recovery_print {
        en: "Print",
        de: "Drucken",
        fr: "Imprimer",
        es: "Imprimir",
    }
    recovery_kept {
        en: "I have kept it, continue",
        de: "Ich habe ihn aufbewahrt, weiter",
        fr: "Je l’ai conservé, continuer",
        es: "Ya lo he guardado, continuar",
    }
    recovery_close {
        en: "When you have kept it, go to your application and sign in with your new passkey.",
        de: "Wenn Sie ihn aufbewahrt haben, gehen Sie zu Ihrer Anwendung und melden Sie sich mit Ihrem neuen Passkey an.",
        fr: "Une fois le code conservé, ouvrez votre application et connectez-vous avec votre nouvelle clé d’accès.",
        es: "Cuando lo haya guardado, vaya a su aplicación e inicie sesión con su nueva clave de acceso.",
    }

    // Signed out.
    signed_out_title {
        en: "You are signed out",
        de: "Sie sind abgemeldet",
        fr: "Vous êtes déconnecté",
        es: "Ha cerrado la sesión",
    }
    signed_out_lead {
        en: "Your session here has ended. On a shared computer, close all browser windows too.",
        de: "Ihre Sitzung hier ist beendet. Schließen Sie auf einem gemeinsam genutzten Computer auch alle Browserfenster.",
        fr: "Votre session ici est terminée. Sur un ordinateur partagé, fermez aussi toutes les fenêtres du navigateur.",
        es: "Su sesión aquí ha terminado. En un equipo compartido, cierre también todas las ventanas del navegador.",
    }

    // The page that posts itself.
    auto_post_title {
        en: "One moment…",
        de: "Einen Augenblick…",
        fr: "Un instant…",
        es: "Un momento…",
    }
    auto_post_lead {
        en: "You are being taken back to Microsoft. If nothing happens, press the button.",
        de: "Sie werden zu Microsoft zurückgeleitet. Falls nichts geschieht, drücken Sie die Taste.",
        fr: "Vous êtes redirigé vers Microsoft. Si rien ne se passe, appuyez sur le bouton.",
        es: "Le llevamos de vuelta a Microsoft. Si no ocurre nada, pulse el botón.",
    }
    auto_post_button {
        en: "Continue",
        de: "Weiter",
        fr: "Continuer",
        es: "Continuar",
    }

    // Certificates.
    certificate_title {
        en: "Signing certificates",
        de: "Signaturzertifikate",
        fr: "Certificats de signature",
        es: "Certificados de firma",
    }
    certificate_lead(domain) {
        en: "Microsoft Entra ID trusts sign-ins for {domain} that carry a signature of one of these certificates.",
        de: "Microsoft Entra ID vertraut Anmeldungen für {domain}, die mit einem dieser Zertifikate signiert sind.",
        fr: "Microsoft Entra ID fait confiance aux connexions pour {domain} signées avec l’un de ces certificats.",
        es: "Microsoft Entra ID confía en los inicios de sesión de {domain} firmados con uno de estos certificados.",
    }
    certificate_domain {
        en: "Domain",
        de: "Domäne",
        fr: "Domaine",
        es: "Dominio",
    }
    certificate_issuer {
        en: "Issuer (entity ID)",
        de: "Aussteller (Entitäts-ID)",
        fr: "Émetteur (ID d’entité)",
        es: "Emisor (ID de entidad)",
    }
    certificate_active {
        en: "Signs now",
        de: "Signiert jetzt",
        fr: "Signe actuellement",
        es: "Firma ahora",
    }
    certificate_next {
        en: "Next",
        de: "Nächstes",
        fr: "Suivant",
        es: "Siguiente",
    }
    certificate_validity {
        en: "Valid",
        de: "Gültig",
        fr: "Validité",
        es: "Validez",
    }
    certificate_until {
        en: "to",
        de: "bis",
        fr: "au",
        es: "hasta",
    }
    certificate_sha1 {
        en: "SHA-1 thumbprint",
        de: "SHA-1-Fingerabdruck",
        fr: "Empreinte SHA-1",
        es: "Huella SHA-1",
    }
    certificate_sha256 {
        en: "SHA-256 fingerprint",
        de: "SHA-256-Fingerabdruck",
        fr: "Empreinte SHA-256",
        es: "Huella SHA-256",
    }
    certificate_pem {
        en: "Download the certificate (PEM)",
        de: "Zertifikat herunterladen (PEM)",
        fr: "Télécharger le certificat (PEM)",
        es: "Descargar el certificado (PEM)",
    }
    certificate_metadata {
        en: "Federation metadata (XML)",
        de: "Föderationsmetadaten (XML)",
        fr: "Métadonnées de fédération (XML)",
        es: "Metadatos de federación (XML)",
    }

    // Notices: why a page is shown again.
    // Browsers do not tell these causes apart, so that a site learns nothing of a device.
    notice_cancelled {
        en: "No passkey was used: the window was closed, time ran out, or this device has no passkey or no screen lock. Try again.",
        de: "Es wurde kein Passkey verwendet: Das Fenster wurde geschlossen, die Zeit lief ab, oder dieses Gerät hat keinen Passkey oder keine Bildschirmsperre. Versuchen Sie es noch einmal.",
        fr: "Aucune clé d’accès n’a été utilisée : la fenêtre a été fermée, le délai a expiré, ou cet appareil n’a pas de clé d’accès ou de verrouillage d’écran. Réessayez.",
        es: "No se usó ninguna clave de acceso: se cerró la ventana, se agotó el tiempo, o este dispositivo no tiene clave de acceso o bloqueo de pantalla. Inténtelo de nuevo.",
    }
    notice_not_recognised {
        en: "This passkey is not known here. Choose another one, or set one up.",
        de: "Dieser Passkey ist hier nicht bekannt. Wählen Sie einen anderen, oder richten Sie einen ein.",
        fr: "Cette clé d’accès n’est pas connue ici. Choisissez-en une autre ou créez-en une.",
        es: "Esta clave de acceso no se conoce aquí. Elija otra o cree una.",
    }
    notice_user_verification_missing {
        en: "Your device did not check that it is you. Turn on its PIN, fingerprint or face recognition, then try again.",
        de: "Ihr Gerät hat nicht geprüft, dass Sie es sind. Schalten Sie PIN, Fingerabdruck oder Gesichtserkennung ein und versuchen Sie es noch einmal.",
        fr: "Votre appareil n’a pas vérifié votre identité. Activez son code PIN, son empreinte ou la reconnaissance du visage, puis réessayez.",
        es: "Su dispositivo no comprobó su identidad. Active el PIN, la huella o el reconocimiento facial e inténtelo de nuevo.",
    }
    notice_already_registered {
        en: "This device already has a passkey for you. Sign in with it, or use another device.",
        de: "Dieses Gerät hat schon einen Passkey für Sie. Melden Sie sich damit an, oder verwenden Sie ein anderes Gerät.",
        fr: "Cet appareil possède déjà une clé d’accès pour vous. Connectez-vous avec elle ou utilisez un autre appareil.",
        es: "Este dispositivo ya tiene una clave de acceso para usted. Inicie sesión con ella o use otro dispositivo.",
    }
    notice_address_unreadable {
        en: "Type your whole work address, such as name@example.com.",
        de: "Geben Sie Ihre ganze Arbeitsadresse ein, zum Beispiel name@example.com.",
        fr: "Saisissez votre adresse professionnelle complète, par exemple nom@example.com.",
        es: "Escriba su dirección de trabajo completa, por ejemplo nombre@example.com.",
    }
    notice_wrong_code {
        en: "That is not the right code. Use the one from the newest message.",
        de: "Das ist nicht der richtige Code. Verwenden Sie den aus der neuesten Nachricht.",
        fr: "Ce n’est pas le bon code. Utilisez celui du message le plus récent.",
        es: "Ese no es el código correcto. Use el del mensaje más reciente.",
    }
    notice_wrong_recovery {
        en: "This address and this recovery code do not belong together. Check both and try again.",
        de: "Diese Adresse und dieser Wiederherstellungscode gehören nicht zusammen. Prüfen Sie beides und versuchen Sie es noch einmal.",
        fr: "Cette adresse et ce code de récupération ne vont pas ensemble. Vérifiez les deux et réessayez.",
        es: "Esta dirección y este código de recuperación no se corresponden. Compruebe ambos e inténtelo de nuevo.",
    }
    notice_too_many_tries {
        en: "Too many tries. Ask for a new code.",
        de: "Zu viele Versuche. Fordern Sie einen neuen Code an.",
        fr: "Trop d’essais. Demandez un nouveau code.",
        es: "Demasiados intentos. Pida un código nuevo.",
    }
    notice_code_expired {
        en: "The code is no longer valid. Ask for a new one.",
        de: "Der Code gilt nicht mehr. Fordern Sie einen neuen an.",
        fr: "Le code n’est plus valable. Demandez-en un nouveau.",
        es: "El código ya no es válido. Pida uno nuevo.",
    }
    notice_link_used {
        en: "The link has been used or has expired. Ask your administrator for a new one.",
        de: "Der Link wurde schon verwendet oder ist abgelaufen. Bitten Sie Ihre Administration um einen neuen.",
        fr: "Le lien a déjà servi ou a expiré. Demandez-en un nouveau à votre administrateur.",
        es: "El enlace ya se usó o ha caducado. Pida uno nuevo a su administrador.",
    }
    notice_code_sent {
        en: "If the address is known and can be used, another code is on its way. Only the newest one works.",
        de: "Wenn die Adresse bekannt ist und verwendet werden kann, ist ein neuer Code unterwegs. Nur der neueste gilt.",
        fr: "Si l’adresse est connue et utilisable, un autre code est en route. Seul le plus récent est valable.",
        es: "Si la dirección es conocida y se puede usar, otro código va en camino. Solo vale el más reciente.",
    }
    notice_try_again {
        en: "That did not work. Try again.",
        de: "Das hat nicht geklappt. Versuchen Sie es noch einmal.",
        fr: "Cela n’a pas fonctionné. Réessayez.",
        es: "No ha funcionado. Inténtelo de nuevo.",
    }
    notice_too_late {
        en: "That took too long. Try again.",
        de: "Das hat zu lange gedauert. Versuchen Sie es noch einmal.",
        fr: "Cela a pris trop de temps. Réessayez.",
        es: "Tardó demasiado. Inténtelo de nuevo.",
    }

    // Troubles: pages that end here.
    problem_request {
        en: "Request number",
        de: "Vorgangsnummer",
        fr: "Numéro de demande",
        es: "Número de solicitud",
    }
    problem_what_next {
        en: "What you can do",
        de: "Was Sie tun können",
        fr: "Ce que vous pouvez faire",
        es: "Qué puede hacer",
    }
    problem_for_administrators {
        en: "For your administrator",
        de: "Für Ihre Administration",
        fr: "Pour votre administrateur",
        es: "Para su administrador",
    }
    next_start_again {
        en: "Go back to the application and sign in again. If this page comes back, give your administrator the request number.",
        de: "Gehen Sie zur Anwendung zurück und melden Sie sich noch einmal an. Wenn diese Seite wieder erscheint, nennen Sie Ihrer Administration die Vorgangsnummer.",
        fr: "Retournez à l’application et reconnectez-vous. Si cette page revient, donnez le numéro de demande à votre administrateur.",
        es: "Vuelva a la aplicación e inicie sesión de nuevo. Si vuelve a ver esta página, dé el número de solicitud a su administrador.",
    }
    next_ask_administrator {
        en: "Ask your administrator, and give them the request number.",
        de: "Fragen Sie Ihre Administration und nennen Sie ihr die Vorgangsnummer.",
        fr: "Demandez à votre administrateur en lui donnant le numéro de demande.",
        es: "Pregunte a su administrador y dele el número de solicitud.",
    }
    request_refused_title {
        en: "This request cannot be answered",
        de: "Diese Anfrage kann nicht beantwortet werden",
        fr: "Cette demande ne peut pas recevoir de réponse",
        es: "Esta solicitud no se puede atender",
    }
    request_refused_what {
        en: "The application sent something that we could not read, or that we do not accept.",
        de: "Die Anwendung hat etwas gesendet, das wir nicht lesen konnten oder nicht annehmen.",
        fr: "L’application a envoyé quelque chose que nous n’avons pas pu lire ou que nous n’acceptons pas.",
        es: "La aplicación envió algo que no pudimos leer o que no aceptamos.",
    }
    request_over_title {
        en: "This sign-in is over",
        de: "Diese Anmeldung ist vorbei",
        fr: "Cette connexion est terminée",
        es: "Este inicio de sesión ha terminado",
    }
    request_over_what {
        en: "It was started too long ago, or it has already been answered. Each one is answered once.",
        de: "Sie wurde vor zu langer Zeit begonnen oder schon beantwortet. Jede wird nur einmal beantwortet.",
        fr: "Elle a commencé il y a trop longtemps, ou elle a déjà reçu une réponse. Chacune n’en reçoit qu’une.",
        es: "Empezó hace demasiado tiempo o ya se respondió. Cada uno se responde una sola vez.",
    }
    other_browser_title {
        en: "This sign-in does not go on here",
        de: "Diese Anmeldung geht hier nicht weiter",
        fr: "Cette connexion ne continue pas ici",
        es: "Este inicio de sesión no continúa aquí",
    }
    other_browser_what {
        en: "It is finished already, belongs to another browser, or this browser does not keep cookies.",
        de: "Sie ist schon abgeschlossen, gehört zu einem anderen Browser, oder dieser Browser behält keine Cookies.",
        fr: "Elle est déjà terminée, appartient à un autre navigateur, ou ce navigateur ne conserve pas les cookies.",
        es: "Ya terminó, pertenece a otro navegador, o este navegador no guarda cookies.",
    }
    other_browser_next {
        en: "Open the application again in this browser. If this page comes back, allow cookies for this site.",
        de: "Öffnen Sie die Anwendung in diesem Browser neu. Kommt diese Seite wieder, erlauben Sie Cookies für diese Website.",
        fr: "Rouvrez l’application dans ce navigateur. Si cette page revient, autorisez les cookies pour ce site.",
        es: "Abra de nuevo la aplicación en este navegador. Si vuelve a ver esta página, permita las cookies en este sitio.",
    }
    not_found_title {
        en: "There is nothing here",
        de: "Hier ist nichts",
        fr: "Il n’y a rien ici",
        es: "Aquí no hay nada",
    }
    not_found_what {
        en: "The address may be mistyped, or the page has moved.",
        de: "Vielleicht ist die Adresse falsch geschrieben, oder die Seite ist umgezogen.",
        fr: "L’adresse est peut-être mal saisie, ou la page a été déplacée.",
        es: "Puede que la dirección esté mal escrita o que la página se haya movido.",
    }
    user_disabled_title {
        en: "Your account is turned off",
        de: "Ihr Konto ist ausgeschaltet",
        fr: "Votre compte est désactivé",
        es: "Su cuenta está desactivada",
    }
    user_disabled_what {
        en: "Your organization has turned off sign-in for your account.",
        de: "Ihre Organisation hat die Anmeldung für Ihr Konto ausgeschaltet.",
        fr: "Votre organisation a désactivé la connexion pour votre compte.",
        es: "Su organización ha desactivado el inicio de sesión de su cuenta.",
    }
    no_anchor_title {
        en: "Your account is not ready yet",
        de: "Ihr Konto ist noch nicht bereit",
        fr: "Votre compte n’est pas encore prêt",
        es: "Su cuenta aún no está lista",
    }
    no_anchor_what {
        en: "Your account lacks something that Microsoft needs to recognise you.",
        de: "Ihrem Konto fehlt etwas, das Microsoft braucht, um Sie zu erkennen.",
        fr: "Il manque à votre compte un élément dont Microsoft a besoin pour vous reconnaître.",
        es: "A su cuenta le falta algo que Microsoft necesita para reconocerle.",
    }
    no_anchor_administrator {
        en: "The user has no ImmutableID. Set onPremisesImmutableId for this user in Microsoft Entra ID (synced users get it from Entra Connect), let Passerelle read the user again, then let them try again.",
        de: "Der Benutzer hat keine ImmutableID. Setzen Sie onPremisesImmutableId für diesen Benutzer in Microsoft Entra ID (synchronisierte Benutzer erhalten sie von Entra Connect), lassen Sie Passerelle den Benutzer neu lesen, und lassen Sie ihn es dann noch einmal versuchen.",
        fr: "L’utilisateur n’a pas d’ImmutableID. Définissez onPremisesImmutableId pour cet utilisateur dans Microsoft Entra ID (les utilisateurs synchronisés le reçoivent d’Entra Connect), laissez Passerelle relire l’utilisateur, puis demandez-lui de réessayer.",
        es: "El usuario no tiene ImmutableID. Defina onPremisesImmutableId para este usuario en Microsoft Entra ID (los usuarios sincronizados lo reciben de Entra Connect), deje que Passerelle vuelva a leer al usuario y pídale que lo intente de nuevo.",
    }
    outside_domain_title {
        en: "Your address belongs to another domain",
        de: "Ihre Adresse gehört zu einer anderen Domäne",
        fr: "Votre adresse appartient à un autre domaine",
        es: "Su dirección pertenece a otro dominio",
    }
    outside_domain_what {
        en: "Microsoft would refuse this sign-in, because your work address is outside the domain that asked for it.",
        de: "Microsoft würde diese Anmeldung ablehnen, weil Ihre Arbeitsadresse außerhalb der anfragenden Domäne liegt.",
        fr: "Microsoft refuserait cette connexion, car votre adresse professionnelle est hors du domaine qui l’a demandée.",
        es: "Microsoft rechazaría este inicio de sesión, porque su dirección de trabajo está fuera del dominio que lo pidió.",
    }
    outside_domain_administrator {
        en: "The user principal name must end in the federated root domain or one of its subdomains (Entra otherwise answers AADSTS5000820). Change the user principal name, or federate the domain that it belongs to.",
        de: "Der Benutzerprinzipalname muss auf die föderierte Stammdomäne oder eine ihrer Unterdomänen enden (Entra antwortet sonst mit AADSTS5000820). Ändern Sie den Benutzerprinzipalnamen, oder föderieren Sie die Domäne, zu der er gehört.",
        fr: "Le nom d’utilisateur principal doit se terminer par le domaine racine fédéré ou l’un de ses sous-domaines (sinon Entra répond AADSTS5000820). Modifiez ce nom, ou fédérez le domaine auquel il appartient.",
        es: "El nombre principal de usuario debe terminar en el dominio raíz federado o en uno de sus subdominios (si no, Entra responde AADSTS5000820). Cambie ese nombre o federe el dominio al que pertenece.",
    }
    passkey_refused_title {
        en: "This passkey was refused",
        de: "Dieser Passkey wurde abgelehnt",
        fr: "Cette clé d’accès a été refusée",
        es: "Esta clave de acceso fue rechazada",
    }
    passkey_refused_what {
        en: "It looks like a copy of another one, so it can no longer be used.",
        de: "Er sieht wie eine Kopie eines anderen aus und kann deshalb nicht mehr verwendet werden.",
        fr: "Elle ressemble à la copie d’une autre et ne peut donc plus être utilisée.",
        es: "Parece una copia de otra, así que ya no se puede usar.",
    }
    passkey_refused_administrator {
        en: "The authenticator’s signature counter went back, a sign that the key was cloned. Look at the audit for this request number, remove the passkey and invite the user again.",
        de: "Der Signaturzähler des Authentifikators ist zurückgegangen, ein Zeichen für einen geklonten Schlüssel. Sehen Sie das Protokoll zu dieser Vorgangsnummer an, entfernen Sie den Passkey und laden Sie den Benutzer neu ein.",
        fr: "Le compteur de signatures de l’authentificateur a reculé, signe d’une clé clonée. Consultez l’audit pour ce numéro de demande, supprimez la clé d’accès et réinvitez l’utilisateur.",
        es: "El contador de firmas del autenticador retrocedió, señal de una llave clonada. Consulte la auditoría de este número de solicitud, elimine la clave de acceso e invite de nuevo al usuario.",
    }
    link_over_title {
        en: "This link can no longer be used",
        de: "Dieser Link kann nicht mehr verwendet werden",
        fr: "Ce lien n’est plus utilisable",
        es: "Este enlace ya no se puede usar",
    }
    link_over_what {
        en: "It has been used, or more than 24 hours have passed.",
        de: "Er wurde schon verwendet, oder es sind mehr als 24 Stunden vergangen.",
        fr: "Il a déjà servi, ou plus de 24 heures se sont écoulées.",
        es: "Ya se usó, o han pasado más de 24 horas.",
    }
    link_over_next {
        en: "Ask your administrator for a new link.",
        de: "Bitten Sie Ihre Administration um einen neuen Link.",
        fr: "Demandez un nouveau lien à votre administrateur.",
        es: "Pida un enlace nuevo a su administrador.",
    }
    ask_administrator_title {
        en: "Your administrator has to help",
        de: "Ihre Administration muss helfen",
        fr: "Votre administrateur doit vous aider",
        es: "Su administrador tiene que ayudarle",
    }
    ask_administrator_what {
        en: "A passkey cannot be set up for this account by e-mail.",
        de: "Für dieses Konto kann kein Passkey per E-Mail eingerichtet werden.",
        fr: "Aucune clé d’accès ne peut être créée par e-mail pour ce compte.",
        es: "No se puede crear una clave de acceso por correo para esta cuenta.",
    }
    ask_administrator_administrator {
        en: "The account already has, or once had, a passkey, is an administrator’s, or has no personal e-mail address. Send the user a one-time link instead.",
        de: "Das Konto hat oder hatte schon einen Passkey, gehört zur Administration oder hat keine private E-Mail-Adresse. Senden Sie stattdessen einen Einmal-Link.",
        fr: "Le compte a ou a déjà eu une clé d’accès, appartient à un administrateur, ou n’a pas d’adresse e-mail personnelle. Envoyez plutôt un lien à usage unique.",
        es: "La cuenta tiene o tuvo una clave de acceso, es de un administrador o no tiene correo personal. Envíe al usuario un enlace de un solo uso.",
    }
    awaiting_approval_title {
        en: "An administrator has to approve this",
        de: "Die Administration muss zustimmen",
        fr: "Un administrateur doit approuver",
        es: "Un administrador debe aprobarlo",
    }
    awaiting_approval_what {
        en: "Your personal e-mail address was changed recently, so a person has to confirm that it is you.",
        de: "Ihre private E-Mail-Adresse wurde kürzlich geändert. Deshalb muss ein Mensch bestätigen, dass Sie es sind.",
        fr: "Votre adresse e-mail personnelle a été modifiée récemment : quelqu’un doit donc confirmer votre identité.",
        es: "Su correo personal cambió hace poco, así que una persona debe confirmar su identidad.",
    }
    too_many_passkeys_title {
        en: "You cannot add another passkey",
        de: "Sie können keinen weiteren Passkey hinzufügen",
        fr: "Vous ne pouvez pas ajouter de clé d’accès",
        es: "No puede añadir otra clave de acceso",
    }
    too_many_passkeys_what {
        en: "Your account has 20 passkeys, and that is as many as one account can have.",
        de: "Ihr Konto hat 20 Passkeys, mehr kann ein Konto nicht haben.",
        fr: "Votre compte a 20 clés d’accès : un compte ne peut pas en avoir davantage.",
        es: "Su cuenta tiene 20 claves de acceso, y una cuenta no puede tener más.",
    }
    form_refused_title {
        en: "This form could not be accepted",
        de: "Dieses Formular konnte nicht angenommen werden",
        fr: "Ce formulaire n’a pas pu être accepté",
        es: "No se pudo aceptar este formulario",
    }
    form_refused_what {
        en: "It did not come from our own page in this browser, or the page was open for too long.",
        de: "Es kam nicht von unserer eigenen Seite in diesem Browser, oder die Seite war zu lange offen.",
        fr: "Il ne vient pas de notre propre page dans ce navigateur, ou la page est restée ouverte trop longtemps.",
        es: "No vino de nuestra propia página en este navegador, o la página estuvo abierta demasiado tiempo.",
    }
    too_large_title {
        en: "This request is too large",
        de: "Diese Anfrage ist zu groß",
        fr: "Cette demande est trop volumineuse",
        es: "Esta solicitud es demasiado grande",
    }
    too_large_what {
        en: "The application sent more than can be accepted.",
        de: "Die Anwendung hat mehr gesendet, als angenommen werden kann.",
        fr: "L’application a envoyé plus que ce qui peut être accepté.",
        es: "La aplicación envió más de lo que se puede aceptar.",
    }
    too_many_title {
        en: "Too many tries",
        de: "Zu viele Versuche",
        fr: "Trop d’essais",
        es: "Demasiados intentos",
    }
    too_many_what {
        en: "There were many requests in a short time, so we are pausing for a while.",
        de: "Es gab viele Anfragen in kurzer Zeit, deshalb machen wir eine Pause.",
        fr: "Il y a eu beaucoup de demandes en peu de temps ; nous faisons donc une pause.",
        es: "Hubo muchas solicitudes en poco tiempo, así que hacemos una pausa.",
    }
    too_many_next {
        en: "Wait an hour and try again, or ask your administrator.",
        de: "Warten Sie eine Stunde und versuchen Sie es noch einmal, oder fragen Sie Ihre Administration.",
        fr: "Attendez une heure et réessayez, ou demandez à votre administrateur.",
        es: "Espere una hora e inténtelo de nuevo, o pregunte a su administrador.",
    }
    unavailable_title {
        en: "We cannot sign you in right now",
        de: "Wir können Sie gerade nicht anmelden",
        fr: "Nous ne pouvons pas vous connecter pour le moment",
        es: "Ahora mismo no podemos iniciar su sesión",
    }
    unavailable_what {
        en: "A service that we need did not answer. Nothing was lost, and nothing was signed.",
        de: "Ein Dienst, den wir brauchen, hat nicht geantwortet. Nichts ging verloren, und nichts wurde signiert.",
        fr: "Un service dont nous avons besoin n’a pas répondu. Rien n’est perdu et rien n’a été signé.",
        es: "Un servicio que necesitamos no respondió. No se perdió nada y no se firmó nada.",
    }
    unavailable_next {
        en: "Wait a minute and try again.",
        de: "Warten Sie eine Minute und versuchen Sie es noch einmal.",
        fr: "Attendez une minute et réessayez.",
        es: "Espere un minuto e inténtelo de nuevo.",
    }
    internal_title {
        en: "Something went wrong on our side",
        de: "Bei uns ist etwas schiefgegangen",
        fr: "Une erreur s’est produite de notre côté",
        es: "Algo ha fallado por nuestra parte",
    }
    internal_what {
        en: "This is not your fault. The details are in our log under the request number.",
        de: "Das ist nicht Ihr Fehler. Die Einzelheiten stehen unter der Vorgangsnummer in unserem Protokoll.",
        fr: "Ce n’est pas votre faute. Les détails figurent dans notre journal sous le numéro de demande.",
        es: "No es culpa suya. Los detalles están en nuestro registro con el número de solicitud.",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).map(|rest| rest.split_once('}').unwrap().0).collect()
    }

    #[test]
    fn every_text_is_there_in_every_language_with_the_same_placeholders() {
        for (key, texts) in TEXTS {
            let [english, ..] = texts;
            for (language, text) in Language::ALL.into_iter().zip(texts) {
                assert!(!text.trim().is_empty(), "{key} is empty in {language:?}");
                assert_eq!(text.trim(), *text, "{key} in {language:?}");
                assert_eq!(placeholders(text), placeholders(english), "{key} in {language:?}");
                assert!(
                    !text.contains(['<', '>', '&', '"', '\'']),
                    "{key} in {language:?}: {text}"
                );
            }
        }
    }

    #[test]
    fn no_text_was_left_in_english() {
        for (key, texts) in TEXTS {
            let [english, others @ ..] = texts;
            for text in others {
                assert_ne!(text, english, "{key} is not translated");
            }
        }
    }

    #[test]
    fn a_placeholder_is_filled_in() {
        let text = Language::German.invitation_lead("Contoso");

        assert!(text.starts_with("Contoso meldet sich"), "{text}");
    }
}
