"""Words in family names: particles (van), first surnames (García), frequent Chinese, Korean and Vietnamese names."""

from __future__ import annotations

_PARTICLES = """
    's 't af al am auf av bin bint da dal dalla dallo das de degli dei del della delle dello dem den der des di dos du
    el het ibn im la las le les los op te ten ter van vant vom von zu zum zur
"""
_AMBIGUOUS = "abu ap bar ben do e lo mac mc ni nic o ou saint sainte san sankt santa santo sao st t v y"
_FIRST_SURNAMES = """
    aguilar alvarez alves almeida blanco cabrera calvo campos cano carrasco carvalho castillo castro cortes costa cruz
    delgado diaz diez dominguez fernandes fernandez ferreira flores fuentes gallego garcia garrido gomes gomez
    goncalves gonzales gonzalez guerrero gutierrez hernandez herrera herrero iglesias jimenez lopes lopez lozano
    marques marquez martinez martins medina mendez mendoza molina morales moreno munoz navarro nieto nunez oliveira
    ortega ortiz pena pereira perez pinto prieto ramirez ramos reyes ribeiro rios rivera rodrigues rodriguez rojas
    romero rubio ruiz salazar sanchez santos sanz serrano silva soto sousa souza suarez teixeira torres vargas vasquez
    vazquez vega velasco
"""
_CHINESE_AND_KOREAN = """
    cai cao chen cheng choi deng ding dong feng gao guo han he hu huang jiang kim lee li liang lin liu lu luo ma park
    pan peng song sun tang wang wu xiao xie xu yang ye yu yuan zhang zhao zheng zhou zhu
"""

_VIETNAMESE = """
    bui dang dinh do duong hoang ho huynh le luong ly ngo nguyen pham phan tran trinh truong vo vu
"""

PARTICLES = frozenset(_PARTICLES.split())
"""Particles that belong to the family name after them, unless a name begins with one ("Di Wang")."""
FIRST_SURNAMES = frozenset(_FIRST_SURNAMES.split())
"""Frequent first surnames of people with two (Spain, Portugal, Latin America), who may use the first alone."""
BEGINNINGS = PARTICLES | frozenset(_AMBIGUOUS.split()) | FIRST_SURNAMES
"""A name that begins with one may be a family name alone: "Mac Lane", "Ó Briain", "García Plaza". Each may as well be
a given name or an initial: "Ben Smith"."""
CHINESE_AND_KOREAN = frozenset(_CHINESE_AND_KOREAN.split())
"""The most frequent family names of China and Korea, many of which are given names too: Yang Liu is not Liu Yang."""
VIETNAMESE = frozenset(_VIETNAMESE.split())
"""The most frequent family names of Vietnam: Nguyen Van Minh is Minh Van Nguyen."""
