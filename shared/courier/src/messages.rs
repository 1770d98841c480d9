//! The one message file: every text that a mail says, in every language.
//!
//! A text that lacks a language does not compile, nor does one that misspells a placeholder. Texts
//! carry no markup.

use crate::Language;

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
    // In every mail.
    footer(organization) {
        en: "Sent by Passerelle for {organization}. Answers to this message are not read.",
        de: "Gesendet von Passerelle für {organization}. Antworten auf diese Nachricht werden nicht gelesen.",
        fr: "Envoyé par Passerelle pour {organization}. Les réponses à ce message ne sont pas lues.",
        es: "Enviado por Passerelle para {organization}. Las respuestas a este mensaje no se leen.",
    }
    when_label {
        en: "When:",
        de: "Wann:",
        fr: "Quand :",
        es: "Cuándo:",
    }
    account_label {
        en: "Account:",
        de: "Konto:",
        fr: "Compte :",
        es: "Cuenta:",
    }
    passkey_label {
        en: "Passkey:",
        de: "Passkey:",
        fr: "Clé d’accès :",
        es: "Clave de acceso:",
    }

    // The six digits.
    code_subject(organization) {
        en: "Your code for {organization}",
        de: "Ihr Code für {organization}",
        fr: "Votre code pour {organization}",
        es: "Su código para {organization}",
    }
    code_lead(organization) {
        en: "You are setting up your sign-in to {organization}. Enter this code on the page that you have open:",
        de: "Sie richten Ihre Anmeldung bei {organization} ein. Geben Sie diesen Code auf der geöffneten Seite ein:",
        fr: "Vous configurez votre connexion à {organization}. Saisissez ce code sur la page que vous avez ouverte :",
        es: "Está configurando su inicio de sesión en {organization}. Escriba este código en la página que tiene abierta:",
    }
    code_lifetime(minutes) {
        en: "The code is valid for {minutes} minutes.",
        de: "Der Code gilt {minutes} Minuten.",
        fr: "Le code est valable {minutes} minutes.",
        es: "El código es válido durante {minutes} minutos.",
    }
    code_unasked(organization) {
        en: "If you did not ask for a code, ignore this message. Do not pass the code on: nobody at {organization} will ask you for it.",
        de: "Wenn Sie keinen Code angefordert haben, ignorieren Sie diese Nachricht. Geben Sie den Code nicht weiter: Bei {organization} wird Sie niemand danach fragen.",
        fr: "Si vous n’avez pas demandé de code, ignorez ce message. Ne transmettez pas le code : personne chez {organization} ne vous le demandera.",
        es: "Si no ha pedido ningún código, ignore este mensaje. No comparta el código: nadie en {organization} se lo pedirá.",
    }

    // A passkey was registered.
    enrolled_subject(organization) {
        en: "A passkey was added to your account at {organization}",
        de: "Ihrem Konto bei {organization} wurde ein Passkey hinzugefügt",
        fr: "Une clé d’accès a été ajoutée à votre compte chez {organization}",
        es: "Se ha añadido una clave de acceso a su cuenta en {organization}",
    }
    enrolled_lead(organization) {
        en: "A passkey was added to your account at {organization}. From now on it can be used to sign in.",
        de: "Ihrem Konto bei {organization} wurde ein Passkey hinzugefügt. Ab jetzt kann man sich damit anmelden.",
        fr: "Une clé d’accès a été ajoutée à votre compte chez {organization}. Elle permet désormais de se connecter.",
        es: "Se ha añadido una clave de acceso a su cuenta en {organization}. Desde ahora permite iniciar sesión.",
    }
    enrolled_not_you {
        en: "If this was not you, tell your administrator at once. They can block the account and remove the passkey.",
        de: "Wenn Sie das nicht waren, informieren Sie sofort Ihre Administration. Sie kann das Konto sperren und den Passkey entfernen.",
        fr: "Si ce n’était pas vous, prévenez immédiatement votre administrateur. Il peut bloquer le compte et supprimer la clé d’accès.",
        es: "Si no ha sido usted, avise de inmediato a su administrador. Puede bloquear la cuenta y eliminar la clave de acceso.",
    }

    // A one-time enrolment link.
    invitation_subject(organization) {
        en: "Set up your sign-in to {organization}",
        de: "Richten Sie Ihre Anmeldung bei {organization} ein",
        fr: "Configurez votre connexion à {organization}",
        es: "Configure su inicio de sesión en {organization}",
    }
    invitation_lead(organization) {
        en: "{organization} invites you to set up a sign-in without a password. Open this link on the device that you work with.",
        de: "{organization} lädt Sie ein, eine Anmeldung ohne Passwort einzurichten. Öffnen Sie diesen Link auf dem Gerät, mit dem Sie arbeiten.",
        fr: "{organization} vous invite à configurer une connexion sans mot de passe. Ouvrez ce lien sur l’appareil avec lequel vous travaillez.",
        es: "{organization} le invita a configurar un inicio de sesión sin contraseña. Abra este enlace en el dispositivo con el que trabaja.",
    }
    invitation_button {
        en: "Set up sign-in",
        de: "Anmeldung einrichten",
        fr: "Configurer la connexion",
        es: "Configurar el inicio de sesión",
    }
    invitation_lifetime(hours) {
        en: "The link works once, within {hours} hours.",
        de: "Der Link funktioniert einmal, innerhalb von {hours} Stunden.",
        fr: "Le lien fonctionne une seule fois, pendant {hours} heures.",
        es: "El enlace funciona una sola vez, durante {hours} horas.",
    }
    invitation_unexpected {
        en: "If you did not expect this invitation, ask your administrator before you open the link.",
        de: "Wenn Sie diese Einladung nicht erwartet haben, fragen Sie Ihre Administration, bevor Sie den Link öffnen.",
        fr: "Si vous n’attendiez pas cette invitation, demandez à votre administrateur avant d’ouvrir le lien.",
        es: "Si no esperaba esta invitación, pregunte a su administrador antes de abrir el enlace.",
    }

    // The operator made a recovery link.
    recovery_subject(organization) {
        en: "A recovery link was made at {organization}",
        de: "Bei {organization} wurde ein Wiederherstellungslink erstellt",
        fr: "Un lien de récupération a été créé chez {organization}",
        es: "Se ha creado un enlace de recuperación en {organization}",
    }
    recovery_lead {
        en: "Somebody with access to the AWS account made a recovery link for the account below. Whoever opens the link can register a passkey for it. All administrators get this message.",
        de: "Jemand mit Zugriff auf das AWS-Konto hat für das unten genannte Konto einen Wiederherstellungslink erstellt. Wer den Link öffnet, kann dafür einen Passkey registrieren. Alle Administratoren erhalten diese Nachricht.",
        fr: "Une personne ayant accès au compte AWS a créé un lien de récupération pour le compte ci-dessous. Quiconque ouvre le lien peut y enregistrer une clé d’accès. Tous les administrateurs reçoivent ce message.",
        es: "Alguien con acceso a la cuenta de AWS ha creado un enlace de recuperación para la cuenta indicada abajo. Quien abra el enlace puede registrar en ella una clave de acceso. Todos los administradores reciben este mensaje.",
    }
    recovery_unexpected {
        en: "If you do not know the reason, treat it as an attack: block the account, and see in AWS CloudTrail who invoked the operator function.",
        de: "Wenn Sie den Grund nicht kennen, behandeln Sie es als Angriff: Sperren Sie das Konto und sehen Sie in AWS CloudTrail nach, wer die Funktion operator aufgerufen hat.",
        fr: "Si vous n’en connaissez pas la raison, considérez-le comme une attaque : bloquez le compte et cherchez dans AWS CloudTrail qui a appelé la fonction operator.",
        es: "Si no conoce el motivo, trátelo como un ataque: bloquee la cuenta y compruebe en AWS CloudTrail quién invocó la función operator.",
    }

    // An administrator was blocked.
    block_subject(organization) {
        en: "An administrator of {organization} was blocked",
        de: "Ein Administrator von {organization} wurde gesperrt",
        fr: "Un administrateur de {organization} a été bloqué",
        es: "Se ha bloqueado a un administrador de {organization}",
    }
    block_lead {
        en: "The account below, an administrator’s, was blocked: it cannot sign in, and all its sessions have ended. All administrators get this message.",
        de: "Das unten genannte Konto eines Administrators wurde gesperrt: Es kann sich nicht anmelden, und alle seine Sitzungen sind beendet. Alle Administratoren erhalten diese Nachricht.",
        fr: "Le compte ci-dessous, celui d’un administrateur, a été bloqué : il ne peut plus se connecter et toutes ses sessions sont terminées. Tous les administrateurs reçoivent ce message.",
        es: "La cuenta indicada abajo, de un administrador, ha sido bloqueada: no puede iniciar sesión y todas sus sesiones han terminado. Todos los administradores reciben este mensaje.",
    }
    block_unexpected {
        en: "If you do not know the reason, treat it as an attack. The audit says who it was: whoever invoked the operator function (see AWS CloudTrail), whose action unblock lifts the block, or a provisioning key, which can be revoked.",
        de: "Wenn Sie den Grund nicht kennen, behandeln Sie es als Angriff. Das Audit nennt, wer es war: wer die Funktion operator aufgerufen hat (siehe AWS CloudTrail), deren Aktion unblock die Sperre aufhebt, oder ein Provisionierungsschlüssel, der sich widerrufen lässt.",
        fr: "Si vous n’en connaissez pas la raison, considérez-le comme une attaque. L’audit dit qui c’était : qui a appelé la fonction operator (voir AWS CloudTrail), dont l’action unblock lève le blocage, ou une clé de provisionnement, qui peut être révoquée.",
        es: "Si no conoce el motivo, trátelo como un ataque. La auditoría dice quién fue: quien invocó la función operator (véase AWS CloudTrail), cuya acción unblock levanta el bloqueo, o una clave de aprovisionamiento, que puede revocarse.",
    }

    // An enrolment waits.
    approval_subject(organization) {
        en: "A changed address at {organization} is waiting for approval",
        de: "Eine geänderte Adresse bei {organization} wartet auf Freigabe",
        fr: "Une adresse modifiée chez {organization} attend une approbation",
        es: "Una dirección modificada en {organization} espera aprobación",
    }
    approval_lead {
        en: "The personal address of the account below was changed. For 24 hours nobody can use it to register the first passkey, unless an administrator approves.",
        de: "Die private Adresse des unten genannten Kontos wurde geändert. 24 Stunden lang kann niemand damit den ersten Passkey registrieren, es sei denn, ein Administrator stimmt zu.",
        fr: "L’adresse personnelle du compte ci-dessous a été modifiée. Pendant 24 heures, personne ne peut s’en servir pour enregistrer la première clé d’accès, sauf si un administrateur approuve.",
        es: "La dirección personal de la cuenta indicada abajo ha cambiado. Durante 24 horas nadie puede usarla para registrar la primera clave de acceso, salvo que un administrador lo apruebe.",
    }
    approval_ask {
        en: "Ask the person, in a way that you trust, whether the new address is theirs. If so, nothing is needed, or approve it with the action approve of the operator function. If not, block the account now with the action block: 24 hours after the change the address counts.",
        de: "Fragen Sie die Person auf einem vertrauenswürdigen Weg, ob die neue Adresse ihr gehört. Wenn ja, ist nichts zu tun, oder geben Sie sie mit der Aktion approve der Funktion operator frei. Wenn nicht, sperren Sie das Konto jetzt mit der Aktion block: 24 Stunden nach der Änderung gilt die Adresse.",
        fr: "Demandez à la personne, par un moyen sûr, si la nouvelle adresse est la sienne. Si oui, il n’y a rien à faire, ou approuvez-la par l’action approve de la fonction operator. Sinon, bloquez le compte maintenant par l’action block : 24 heures après le changement, l’adresse compte.",
        es: "Pregunte a la persona, por un medio de confianza, si la nueva dirección es suya. Si lo es, no hace falta nada, o apruébela con la acción approve de la función operator. Si no, bloquee la cuenta ahora con la acción block: 24 horas después del cambio la dirección cuenta.",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::TEXTS;

    #[test]
    fn a_text_says_the_same_values_in_each_language_and_no_markup() {
        for (key, texts) in TEXTS {
            let expected = placeholders(texts[0]);
            for text in texts {
                assert_eq!(placeholders(text), expected, "{key}: {text}");
                assert!(!text.contains(['<', '>', '&', '"']), "{key}: {text}");
                assert_eq!(text.trim(), *text, "{key}");
            }
        }
    }

    #[test]
    fn every_language_is_written_in_its_own_words() {
        // The word is the same in both.
        let same = ["passkey_label"];
        for (key, texts) in TEXTS {
            let words: BTreeSet<&&str> = texts.iter().collect();
            assert!(words.len() == 4 || same.contains(key), "{key}");
        }
    }

    fn placeholders(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|rest| rest.split('}').next()).collect()
    }
}
