"""Invented names: companies, places and people, in French and English. No row of these exists."""

from __future__ import annotations

import unicodedata
from itertools import product
from random import Random
from typing import NamedTuple


class PartnerName(NamedTuple):
    name: str
    city: str
    country: str
    types: tuple[str, ...]
    tier: str
    status: str = "active"
    languages: tuple[str, ...] = ("fr", "en")
    specialities: tuple[str, ...] = ()


PARTNERS = [
    PartnerName(
        "Alpine Conseil",
        "Grenoble",
        "FR",
        ("reseller", "integrator"),
        "Silver",
        specialities=("Health", "Public sector"),
    ),
    PartnerName("Boreal Cloud", "Lyon", "FR", ("var",), "Gold", specialities=("Health", "Manufacturing")),
    PartnerName("Opale Distribution", "Paris", "FR", ("distributor",), "Gold"),
    PartnerName(
        "Nordwind GmbH",
        "Hamburg",
        "DE",
        ("var", "integrator"),
        "Platinum",
        languages=("de", "en"),
        specialities=("Energy",),
    ),
    PartnerName("Helix Systems", "Lyon", "FR", ("integrator",), "Gold", specialities=("Banking", "Insurance")),
    PartnerName("Quanta Group", "Milano", "IT", ("reseller",), "Gold", languages=("it", "en")),
    PartnerName("Cobalt Réseaux", "Paris", "FR", ("var",), "Gold", specialities=("Networks",)),
    PartnerName("Granit Réseaux", "Rennes", "FR", ("reseller",), "Silver", specialities=("Networks",)),
    PartnerName("Delta Informatique", "Nantes", "FR", ("reseller",), "Registered"),
    PartnerName(
        "Vertex Solutions", "Wien", "AT", ("msp",), "Silver", languages=("de", "en"), specialities=("Education",)
    ),
    PartnerName("Meridian IT", "Bruxelles", "BE", ("msp", "reseller"), "Silver", specialities=("Logistics",)),
    PartnerName("Lumen Services", "Toulouse", "FR", ("msp",), "Registered", specialities=("Aerospace",)),
    PartnerName("Kepler Conseil", "Lille", "FR", ("agent",), "Silver"),
    PartnerName("Caledon Partners", "Edinburgh", "GB", ("referral", "broker"), "Registered", languages=("en",)),
    PartnerName("Lac & Sommet", "Annecy", "FR", ("reseller",), "Registered"),
    PartnerName("Polder Distributie", "Rotterdam", "NL", ("distributor",), "Silver", languages=("nl", "en")),
    PartnerName("Atlas Cloud", "Madrid", "ES", ("reseller",), "Silver", "suspended", ("es", "en")),
    PartnerName("Orion Négoce", "Strasbourg", "FR", ("reseller",), "Registered", "terminated"),
    PartnerName("Tessera Solutions", "Lyon", "FR", ("integrator",), "Registered", "onboarding"),
    PartnerName("Sirius Data", "Genève", "CH", ("msp",), "", "applicant"),
    PartnerName("Voltige Numérique", "Marseille", "FR", ("reseller",), "", "prospect"),
]

_PARTNER_FIRST = """Aster Basalte Cèdre Dune Ellipse Fjord Galène Havre Indigo Jonquille Kestrel Larch Mistral Nacre Onyx Prisme
Quartz Rivage Saffron Tamaris Umbra Vallon Willow Xylo Yarrow Zénith Amarante Brisant Corail Dolmen""".split()
_PARTNER_SECOND = [
    "Systems",
    "Informatique",
    "Conseil",
    "Cloud",
    "Réseaux",
    "Solutions",
    "IT Services",
    "Data",
    "Technologies",
    "Partners",
]
_PARTNER_PLACES = [
    ("Bordeaux", "FR"), ("Nice", "FR"), ("Dijon", "FR"), ("Metz", "FR"), ("Tours", "FR"), ("Brest", "FR"), ("Liège", "BE"), ("Genève", "CH"),
    ("Manchester", "GB"), ("Leeds", "GB"), ("Dublin", "IE"), ("Utrecht", "NL"), ("Köln", "DE"), ("Luxembourg", "LU"), ("Porto", "PT"),
]  # fmt: skip
_PARTNER_TYPES = [
    "reseller",
    "reseller",
    "var",
    "msp",
    "integrator",
    "agent",
    "referral",
    "retailer",
    "franchisee",
    "broker",
]
_LANGUAGES = {
    "FR": ("fr", "en"),
    "BE": ("fr", "nl"),
    "CH": ("fr", "de"),
    "LU": ("fr", "de"),
    "DE": ("de", "en"),
    "NL": ("nl", "en"),
    "PT": ("pt", "en"),
}

CUSTOMERS = [
    ("Hôpital du Lac", "FR", "Health"),
    ("Clinique des Aravis", "FR", "Health"),
    ("Banque Lumière", "FR", "Banking"),
    ("Nordfjell Energi", "NO", "Energy"),
    ("Universität Talheim", "DE", "Education"),
    ("Ville de Pontclair", "FR", "Public sector"),
    ("Laiterie du Bocage", "FR", "Food"),
    ("Polder Logistics", "NL", "Logistics"),
    ("Institut Val-Fleuri", "FR", "Research"),
    ("Assurances Mutuelles du Lac", "FR", "Insurance"),
    ("Aéro Composites Midi", "FR", "Aerospace"),
    ("Textiles Garonne", "FR", "Manufacturing"),
    ("Puerto de Almira", "ES", "Logistics"),
    ("Brasserie du Houblon", "BE", "Food"),
    ("Textiles Verdon", "FR", "Manufacturing"),
    ("Garage Montjoie", "FR", "Retail"),
    ("Remontées Mécaniques de Chantelouve", "FR", "Leisure"),
    ("Fromageries de la Tournette", "FR", "Food"),
    ("Papeteries de l’Orne", "FR", "Manufacturing"),
    ("Calder Mills", "GB", "Manufacturing"),
    ("Transports Ostrevent", "FR", "Logistics"),
]
HOUSE_ACCOUNTS = ("Banque Lumière",)
_CUSTOMER_PLACES = """Pontclair Montrevel Valsombre Rochebelle Clairmarais Fontvieille-le-Haut Hautecombe-les-Bains Aubeterre Chantemerle
Belloc-la-Rive Grandpré Lormont-sur-Vire Saint-Alvère Marsillac Orgeval-le-Pont Puyvert Vauclair Brindale Harwick Castleby Elmsworth
Fernhollow Granthorpe Kelbrook Larkfield Oakhaven Penmere Stonewick Thornbury-Vale Wexcombe Ashdale Millcross Ravensby Silverdale-Moor
Westhollow Birkmoor Coldharbour Dunmoor Eastleigh-Park Foxbridge""".split()
_CUSTOMER_KINDS = [
    ("Hôpital de {}", "FR", "Health"), ("Clinique de {}", "FR", "Health"), ("Ville de {}", "FR", "Public sector"),
    ("Université de {}", "FR", "Education"), ("Lycée de {}", "FR", "Education"), ("Transports {}", "FR", "Logistics"),
    ("Imprimerie {}", "FR", "Media"), ("Scierie de {}", "FR", "Manufacturing"), ("Fonderies de {}", "FR", "Manufacturing"),
    ("Laboratoires {}", "FR", "Research"), ("Mutuelle de {}", "FR", "Insurance"), ("Caisse de {}", "FR", "Banking"),
    ("Conserverie {}", "FR", "Food"), ("Domaine de {}", "FR", "Food"), ("Énergies de {}", "FR", "Energy"), ("Grands Magasins {}", "FR", "Retail"),
    ("{} Logistics", "GB", "Logistics"), ("{} Foods", "GB", "Food"), ("{} Engineering", "GB", "Manufacturing"), ("{} Borough", "GB", "Public sector"),
    ("{} College", "GB", "Education"), ("{} Health Trust", "GB", "Health"), ("{} Insurance", "GB", "Insurance"), ("{} Energy", "IE", "Energy"),
    ("{} Publishing", "GB", "Media"), ("{} Laboratories", "IE", "Research"), ("{} Hotels", "GB", "Leisure"), ("{} Stores", "GB", "Retail"),
    ("{} Textiel", "NL", "Manufacturing"), ("{} Werke", "DE", "Manufacturing"), ("Stadtwerke {}", "DE", "Energy"), ("Klinikum {}", "DE", "Health"),
    ("Brasserie {}", "BE", "Food"), ("Haute école de {}", "BE", "Education"), ("Banque de {}", "CH", "Banking"), ("Horlogerie {}", "CH", "Manufacturing"),
    ("{} Aerospace", "FR", "Aerospace"), ("{} Composites", "FR", "Aerospace"), ("{} Pharma", "CH", "Research"), ("{} Shipping", "NL", "Logistics"),
    ("Coopérative de {}", "FR", "Food"), ("Ateliers {}", "FR", "Manufacturing"), ("Groupe {}", "FR", "Services"), ("{} Advisory", "GB", "Services"),
    ("Télécoms de {}", "FR", "Telecoms"), ("{} Telecom", "GB", "Telecoms"), ("Musée de {}", "FR", "Leisure"), ("Port de {}", "FR", "Logistics"),
    ("Thermes de {}", "FR", "Leisure"), ("Verreries de {}", "FR", "Manufacturing"), ("{} Motors", "GB", "Retail"), ("{} Water", "GB", "Energy"),
]  # fmt: skip

_FIRST_NAMES = """Camille Léa Hugo Manon Louis Chloé Jules Inès Adam Zoé Paul Alice Nathan Élise Sami Clara Tom Emma Oscar Nina Jonas Maya Ivan
Sofia Marc Julia Theo Laura Simon Eva""".split()
_LAST_NAMES = """Roy Haddad Martin Petit Weber Hartley Moreau Lemaire Fontaine Garnier Blanc Perrin Faure Rousseau Chevalier Marchand Barbier
Renaud Colin Aubert Baxter Whitfield Ashworth Langley Mercer Novak Keller Brandt Rossi Vidal""".split()

COMMENTS = [
    "Le client attend notre proposition pour la fin du mois.",
    "Met the IT director on site; budget is confirmed for next year.",
    "Nous avons rendez-vous avec la direction informatique jeudi.",
    "The customer asks for a trial before the summer.",
    "Merci, nous revenons vers vous avec le calendrier du projet.",
    "Thank you. Tell us when the call for tenders is published.",
]
PROJECTS = [
    "Remplacement de la sauvegarde sur site, 40 To.",
    "New data centre, protection of 600 mailboxes.",
    "Supervision du réseau de trois sites.",
    "Move of the archive to the cloud, first phase.",
    "",
]


def partner_names(count: int) -> list[PartnerName]:
    """The first ``count`` partners: the named ones, then made ones; numbered where the words run out."""
    names = PARTNERS[:count]
    pairs = [(first, second) for second, first in product(_PARTNER_SECOND, _PARTNER_FIRST)]
    for n in range(count - len(names)):
        first, second = pairs[n % len(pairs)]
        city, country = _PARTNER_PLACES[n % len(_PARTNER_PLACES)]
        tier = ("Registered", "Registered", "Silver", "Silver", "Gold", "Registered", "Silver", "Platinum")[n % 8]
        name = f"{first} {second}" + (f" {n // len(pairs) + 1}" if n >= len(pairs) else "")
        names.append(
            PartnerName(
                name, city, country, (_PARTNER_TYPES[n % 10],), tier, languages=_LANGUAGES.get(country, ("en",))
            )
        )
    return names


def customer_names(count: int) -> list[tuple[str, str, str]]:
    """The first ``count`` customers as (name, country, industry)."""
    named = {name for name, _country, _industry in CUSTOMERS}
    names = CUSTOMERS[:count]
    made = [
        (kind, place)
        for place, kind in product(_CUSTOMER_PLACES, _CUSTOMER_KINDS)
        if kind[0].format(place) not in named
    ]
    Random(7).shuffle(made)  # noqa: S311  (names, not secrets)
    for n in range(count - len(names)):
        (pattern, country, industry), place = made[n % len(made)]
        name = pattern.format(place) + (f" {n // len(made) + 1}" if n >= len(made) else "")
        names.append(
            (name.replace(" de A", " d’A").replace(" de O", " d’O").replace(" de E", " d’E"), country, industry)
        )
    return names


def person_name(n: int) -> str:
    """The name of the n-th person; every pair of first and last name comes up before one comes again."""
    size = len(_FIRST_NAMES)
    return f"{_FIRST_NAMES[n % size]} {_LAST_NAMES[(n // size + n) % len(_LAST_NAMES)]}"


def slug(name: str) -> str:
    """The name as it stands in an internet address: "Hôpital du Lac" → "hopital-du-lac"."""
    ascii_name = unicodedata.normalize("NFKD", name.replace("’", "-")).encode("ascii", "ignore").decode().lower()
    return "-".join("".join(char if char.isalnum() else " " for char in ascii_name).split())
